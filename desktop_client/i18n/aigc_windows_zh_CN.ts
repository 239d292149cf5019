<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="zh_CN" sourcelanguage="en_US">
<context>
    <name></name>
    <message id="first.title">
        <source>Connect to your studio</source>
        <translation>连接到您的工作室</translation>
    </message>
    <message id="first.text">
        <source>Paste the link that IT gave you, or enter the address of the coordinator: the studio's computer that hands out engines.</source>
        <translation>请粘贴 IT 提供的链接，或输入协调器（工作室中分配引擎的计算机）的地址。</translation>
    </message>
    <message id="first.placeholder">
        <source>aigc.studio.lan:7443 or aigc://join/…</source>
        <translation>aigc.studio.lan:7443 或 aigc://join/…</translation>
    </message>
    <message id="first.connect">
        <source>Connect</source>
        <translation>连接</translation>
    </message>
    <message id="first.looking">
        <source>Looking for it …</source>
        <translation>正在查找 …</translation>
    </message>
    <message id="first.back">
        <source>Back</source>
        <translation>返回</translation>
    </message>
    <message id="trust.title">
        <source>Is this your studio?</source>
        <translation>这是您的工作室吗？</translation>
    </message>
    <message id="trust.text">
        <source>This studio proves who it is with a certificate of its own, which no other program knows. Compare this fingerprint with the one that IT gives you. If they are the same, this program trusts this studio from now on, and nobody else in its place. If they differ, stop: somebody may be listening in.</source>
        <translation>此工作室用自有证书证明身份，其他程序并不认识该证书。请将此指纹与 IT 提供的指纹核对。若一致，本程序今后只信任这个工作室；若不一致，请停止：连接可能被窃听。</translation>
    </message>
    <message id="trust.fingerprint">
        <source>Fingerprint of {address}</source>
        <translation>{address} 的指纹</translation>
    </message>
    <message id="trust.yes">
        <source>They are the same</source>
        <translation>指纹一致</translation>
    </message>
    <message id="connecting.title">
        <source>Connecting to {address}</source>
        <translation>正在连接到 {address}</translation>
    </message>
    <message id="connecting.text">
        <source>This takes a moment.</source>
        <translation>请稍候。</translation>
    </message>
    <message id="connecting.failed">
        <source>This program keeps trying by itself.</source>
        <translation>将自动重试。</translation>
    </message>
    <message id="rename.title">
        <source>Rename {name}</source>
        <translation>重命名 {name}</translation>
    </message>
    <message id="rename.text">
        <source>New name</source>
        <translation>新名称</translation>
    </message>
    <message id="rename.yes">
        <source>Rename</source>
        <translation>重命名</translation>
    </message>
    <message id="delete.title">
        <source>Delete {name}?</source>
        <translation>删除 {name}？</translation>
    </message>
    <message id="delete.text">
        <source>{name} and its data ({size}) move to the trash. For a while you can bring them back under Files. Type the name to confirm.</source>
        <translation>{name} 及其数据（{size}）将移入回收站，一段时间内可在“文件”中恢复。请输入名称以确认。</translation>
    </message>
    <message id="delete.yes">
        <source>Delete</source>
        <translation>删除</translation>
    </message>
    <message id="delete.unknown_size">
        <source>size unknown</source>
        <translation>大小未知</translation>
    </message>
    <message id="logs.title">
        <source>Logs of {name}</source>
        <translation>{name} 的日志</translation>
    </message>
    <message id="logs.waiting">
        <source>Waiting for lines …</source>
        <translation>正在等待日志 …</translation>
    </message>
    <message id="logs.copy">
        <source>Copy</source>
        <translation>复制</translation>
    </message>
    <message id="quit.title">
        <source>Your engines keep running</source>
        <translation>您的引擎将继续运行</translation>
    </message>
    <message id="quit.text">
        <source>{names}: still running on the studio's machines, and released when nobody works with them. This program only shows them.</source>
        <translation>{names} 仍在工作室的机器上运行，无人使用时会自动释放。本程序只是显示它们。</translation>
    </message>
    <message id="quit.yes">
        <source>Quit</source>
        <translation>退出</translation>
    </message>
    <message id="quit.stop">
        <source>Stop them and quit</source>
        <translation>停止并退出</translation>
    </message>
    <message id="cancel">
        <source>Cancel</source>
        <translation>取消</translation>
    </message>
    <message id="close">
        <source>Close</source>
        <translation>关闭</translation>
    </message>
    <message id="do.snooze">
        <source>Silence notifications</source>
        <translation>暂停通知</translation>
    </message>
    <message id="do.stop-all">
        <source>Stop all engines</source>
        <translation>停止所有引擎</translation>
    </message>
    <message id="news.awake.title">
        <source>Your engines kept running</source>
        <translation>您的引擎一直在运行</translation>
    </message>
    <message id="news.awake.text">
        <source>While this computer slept, still running: {text}. They are released when nobody works with them.</source>
        <translation>本机休眠期间仍在运行：{text}。无人使用时会自动释放。</translation>
    </message>
    <message id="news.stop_all">
        <source>Stop them</source>
        <translation>全部停止</translation>
    </message>
    <message id="news.keep_all">
        <source>Keep running</source>
        <translation>继续运行</translation>
    </message>
    <message id="logs.find">
        <source>Find in these logs</source>
        <translation>在日志中查找</translation>
    </message>
    <message id="logs.next">
        <source>Next</source>
        <translation>下一个</translation>
    </message>
    <message id="logs.previous">
        <source>Previous</source>
        <translation>上一个</translation>
    </message>
    <message id="logs.missing">
        <source>Not found</source>
        <translation>未找到</translation>
    </message>
    <message id="logs.follow">
        <source>Follow</source>
        <translation>自动滚动</translation>
    </message>
    <message id="logs.wrap">
        <source>Wrap long lines</source>
        <translation>自动换行</translation>
    </message>
    <message id="logs.ended">
        <source>The log ended.</source>
        <translation>日志已结束。</translation>
    </message>
    <message id="quit.stopping">
        <source>Stopping {names} ({done} of {all} done). They save your data first.</source>
        <translation>正在停止 {names}（已完成 {done} / {all}），会先保存您的数据。</translation>
    </message>
    <message id="quit.not_stopped">
        <source>{name} was not stopped: {reason}</source>
        <translation>{name} 未能停止：{reason}</translation>
    </message>
    <message id="first.step.studio">
        <source>Studio</source>
        <translation>工作室</translation>
    </message>
    <message id="first.step.trust">
        <source>Trust</source>
        <translation>信任</translation>
    </message>
    <message id="first.step.sign_in">
        <source>Sign in</source>
        <translation>登录</translation>
    </message>
    <message id="first.step.done">
        <source>Ready</source>
        <translation>完成</translation>
    </message>
    <message id="first.step.now">
        <source>Step {step} of {steps}: {name}</source>
        <translation>第 {step} 步，共 {steps} 步：{name}</translation>
    </message>
    <message id="first.field">
        <source>Join link or address</source>
        <translation>加入链接或地址</translation>
    </message>
    <message id="trust.no">
        <source>They differ</source>
        <translation>指纹不一致</translation>
    </message>
    <message id="first.done.title">
        <source>You are ready</source>
        <translation>一切就绪</translation>
    </message>
    <message id="first.done.text">
        <source>Signed in to {studio} as {person}.</source>
        <translation>已以 {person} 的身份登录 {studio}。</translation>
    </message>
    <message id="first.done.where">
        <source>Your engines are at this icon, in the corner of your screen with the other small icons. One click opens them.</source>
        <translation>您的引擎就在这个图标里，它与其他小图标一起位于屏幕一角。单击即可打开。</translation>
    </message>
    <message id="first.done.no_tray">
        <source>This desktop has no place for small icons, so your engines stay in a window. Closing it ends this program; your engines keep running.</source>
        <translation>此桌面没有显示小图标的位置，您的引擎将显示在窗口中。关闭窗口即退出本程序，引擎仍会继续运行。</translation>
    </message>
    <message id="first.done.go">
        <source>Show my engines</source>
        <translation>显示我的引擎</translation>
    </message>
    <message id="autostart.switch">
        <source>Start with this computer</source>
        <translation>开机时自动启动</translation>
    </message>
    <message id="autostart.text">
        <source>Off unless you switch it on. It starts silently, at the tray.</source>
        <translation>默认关闭。启动后只在托盘显示，不会打扰您。</translation>
    </message>
    <message id="copy">
        <source>Copy</source>
        <translation>复制</translation>
    </message>
    <message id="time.tomorrow">
        <source>tomorrow {clock}</source>
        <translation>明天 {clock}</translation>
    </message>
    <message id="settings.title">
        <source>Settings</source>
        <translation>设置</translation>
    </message>
    <message id="settings.studio">
        <source>Studio</source>
        <translation>工作室</translation>
    </message>
    <message id="settings.account">
        <source>Account</source>
        <translation>账户</translation>
    </message>
    <message id="settings.notifications">
        <source>Notifications</source>
        <translation>通知</translation>
    </message>
    <message id="settings.computer">
        <source>This computer</source>
        <translation>本机</translation>
    </message>
    <message id="settings.fingerprint">
        <source>Fingerprint of its certificate</source>
        <translation>证书指纹</translation>
    </message>
    <message id="settings.link.unconfigured">
        <source>No studio yet</source>
        <translation>尚未连接工作室</translation>
    </message>
    <message id="settings.link.untrusted">
        <source>Found, not trusted yet</source>
        <translation>已找到，尚未信任</translation>
    </message>
    <message id="settings.link.connecting">
        <source>Connecting …</source>
        <translation>正在连接 …</translation>
    </message>
    <message id="settings.link.online">
        <source>Connected</source>
        <translation>已连接</translation>
    </message>
    <message id="settings.link.offline">
        <source>Offline</source>
        <translation>离线</translation>
    </message>
    <message id="settings.link.signed-out">
        <source>Signed out</source>
        <translation>未登录</translation>
    </message>
    <message id="settings.link.signing-in">
        <source>Signing in …</source>
        <translation>正在登录 …</translation>
    </message>
    <message id="settings.role.creator">
        <source>Creator</source>
        <translation>创作者</translation>
    </message>
    <message id="settings.role.team_lead">
        <source>Team lead</source>
        <translation>团队负责人</translation>
    </message>
    <message id="settings.role.auditor">
        <source>Auditor</source>
        <translation>审计员</translation>
    </message>
    <message id="settings.role.admin">
        <source>Admin</source>
        <translation>管理员</translation>
    </message>
    <message id="settings.tokens">
        <source>API tokens</source>
        <translation>API 令牌</translation>
    </message>
    <message id="settings.tokens.text">
        <source>A script signs in as you with a token, until it ends or you revoke it. Keep it like a password.</source>
        <translation>脚本使用令牌以您的名义登录，直到过期或被吊销。请像密码一样保管。</translation>
    </message>
    <message id="settings.tokens.none">
        <source>You have none.</source>
        <translation>您还没有令牌。</translation>
    </message>
    <message id="settings.tokens.unknown">
        <source>Asking the coordinator …</source>
        <translation>正在查询 …</translation>
    </message>
    <message id="settings.token.name">
        <source>What is it for?</source>
        <translation>用途</translation>
    </message>
    <message id="settings.token.days">
        <source>for {days} days</source>
        <translation>{days} 天</translation>
    </message>
    <message id="settings.token.ends">
        <source>Days until it ends</source>
        <translation>有效天数</translation>
    </message>
    <message id="settings.token.create">
        <source>Create</source>
        <translation>创建</translation>
    </message>
    <message id="settings.token.once">
        <source>Copy it now: it is shown only this once.</source>
        <translation>请立即复制：此令牌仅显示这一次。</translation>
    </message>
    <message id="settings.token.never">
        <source>never used</source>
        <translation>从未使用</translation>
    </message>
    <message id="settings.token.revoke">
        <source>Revoke</source>
        <translation>吊销</translation>
    </message>
    <message id="settings.token.revoke_sure">
        <source>Revoke now</source>
        <translation>确认吊销</translation>
    </message>
    <message id="settings.notify.all">
        <source>Everything</source>
        <translation>全部</translation>
    </message>
    <message id="settings.notify.all.text">
        <source>Ready, released, about to be released, failed.</source>
        <translation>就绪、已释放、即将释放、失败。</translation>
    </message>
    <message id="settings.notify.needs-me">
        <source>Only what needs me</source>
        <translation>仅需要我处理的</translation>
    </message>
    <message id="settings.notify.needs-me.text">
        <source>A release that I can put off, a token that ends soon, and what did not work.</source>
        <translation>可以推迟的释放、即将到期的令牌，以及失败的操作。</translation>
    </message>
    <message id="settings.notify.none">
        <source>None</source>
        <translation>不通知</translation>
    </message>
    <message id="settings.notify.none.text">
        <source>Everything is still listed under Recent.</source>
        <translation>所有内容仍会出现在“最近通知”中。</translation>
    </message>
    <message id="settings.silence">
        <source>Silence</source>
        <translation>暂停通知</translation>
    </message>
    <message id="settings.silence.text">
        <source>For a while, nothing pops up. Recent still lists it all.</source>
        <translation>暂时不弹出任何通知，“最近通知”中仍可查看。</translation>
    </message>
    <message id="settings.silence.hour">
        <source>For 1 hour</source>
        <translation>1 小时</translation>
    </message>
    <message id="settings.silence.tomorrow">
        <source>Until tomorrow</source>
        <translation>到明天</translation>
    </message>
    <message id="settings.silence.off">
        <source>Resume notifications</source>
        <translation>恢复通知</translation>
    </message>
    <message id="settings.silent">
        <source>Silent until {at}</source>
        <translation>通知暂停至 {at}</translation>
    </message>
    <message id="settings.language">
        <source>Language</source>
        <translation>语言</translation>
    </message>
    <message id="settings.language.system">
        <source>Same as the desktop</source>
        <translation>跟随系统</translation>
    </message>
    <message id="settings.language.en">
        <source>English</source>
        <translation>英语（English）</translation>
    </message>
    <message id="settings.language.zh">
        <source>Chinese</source>
        <translation>中文</translation>
    </message>
    <message id="settings.look">
        <source>Appearance</source>
        <translation>外观</translation>
    </message>
    <message id="settings.look.system">
        <source>Same as the desktop</source>
        <translation>跟随系统</translation>
    </message>
    <message id="settings.look.light">
        <source>Light</source>
        <translation>浅色</translation>
    </message>
    <message id="settings.look.dark">
        <source>Dark</source>
        <translation>深色</translation>
    </message>
    <message id="settings.sleep">
        <source>When this computer sleeps</source>
        <translation>本机休眠时</translation>
    </message>
    <message id="settings.sleep.keep">
        <source>Engines keep running</source>
        <translation>引擎继续运行</translation>
    </message>
    <message id="settings.sleep.keep.text">
        <source>They run on the studio's machines, not here, and are released when nobody works with them, as ever.</source>
        <translation>引擎运行在工作室的机器上，与本机无关；无人使用时照常自动释放。</translation>
    </message>
    <message id="settings.sleep.ask">
        <source>Ask me when it wakes up</source>
        <translation>唤醒后询问</translation>
    </message>
    <message id="settings.sleep.ask.text">
        <source>A notification names what kept running, and offers to stop it.</source>
        <translation>唤醒后会通知哪些引擎仍在运行，并可立即停止。</translation>
    </message>
    <message id="settings.sleep.stop">
        <source>Stop my engines before it sleeps</source>
        <translation>休眠前停止我的引擎</translation>
    </message>
    <message id="settings.sleep.stop.text">
        <source>They are asked to stop in the few seconds that the system grants. Without a network, or where the system does not announce its sleep, they keep running and are released when nobody works with them.</source>
        <translation>在系统允许的几秒内请求停止。若没有网络，或系统未告知即将休眠，引擎会继续运行，直到无人使用时自动释放。</translation>
    </message>
    <message id="recent.title">
        <source>Recent</source>
        <translation>最近通知</translation>
    </message>
    <message id="recent.text">
        <source>Notifications since this program started, newest first. Older ones are not kept.</source>
        <translation>本程序启动以来的通知，最新的在前；更早的内容不保留。</translation>
    </message>
    <message id="recent.empty">
        <source>Nothing has happened yet.</source>
        <translation>暂无内容。</translation>
    </message>
    <message id="files.title">
        <source>Your files</source>
        <translation>您的文件</translation>
    </message>
    <message id="files.text">
        <source>Each engine keeps its data when it stops. A deleted one stays in the trash for a while.</source>
        <translation>引擎停止后会保留数据；删除后会在回收站中保留一段时间。</translation>
    </message>
    <message id="files.kept">
        <source>Kept with your engines</source>
        <translation>引擎中保留的数据</translation>
    </message>
    <message id="files.none">
        <source>You have no engine with data yet.</source>
        <translation>您的引擎还没有数据。</translation>
    </message>
    <message id="files.deleted">
        <source>Trash</source>
        <translation>回收站</translation>
    </message>
    <message id="files.trash_empty">
        <source>The trash is empty.</source>
        <translation>回收站是空的。</translation>
    </message>
    <message id="files.asking">
        <source>Asking the coordinator …</source>
        <translation>正在查询 …</translation>
    </message>
    <message id="files.on">
        <source>on {node}</source>
        <translation>位于 {node}</translation>
    </message>
    <message id="files.deleted_at">
        <source>deleted {at}</source>
        <translation>{at} 删除</translation>
    </message>
    <message id="files.kept_until">
        <source>kept until {at}</source>
        <translation>保留至 {at}</translation>
    </message>
    <message id="files.restore">
        <source>Restore</source>
        <translation>恢复</translation>
    </message>
    <message id="files.restoring">
        <source>Restoring …</source>
        <translation>正在恢复 …</translation>
    </message>
    <message id="files.restored">
        <source>{name} is back, stopped, with its files and a new address.</source>
        <translation>{name} 已恢复，处于停止状态，文件完好，地址已更新。</translation>
    </message>
    <message id="diagnostics.title">
        <source>Diagnostics</source>
        <translation>诊断信息</translation>
    </message>
    <message id="diagnostics.files">
        <source>Files that would be saved</source>
        <translation>将保存的文件</translation>
    </message>
    <message id="diagnostics.text">
        <source>This is everything that goes into the file for IT. It holds no token and no password. Look through it, save it, and send it yourself.</source>
        <translation>以下就是提供给 IT 的全部内容，不含令牌和密码。请查看后保存，再自行发送。</translation>
    </message>
    <message id="diagnostics.collecting">
        <source>Collecting …</source>
        <translation>正在收集 …</translation>
    </message>
    <message id="diagnostics.person">
        <source>Include my name and e-mail</source>
        <translation>包含我的姓名和邮箱</translation>
    </message>
    <message id="diagnostics.save">
        <source>Save…</source>
        <translation>保存…</translation>
    </message>
    <message id="diagnostics.saved">
        <source>Saved as {path}.</source>
        <translation>已保存为 {path}。</translation>
    </message>
    <message id="help.title">
        <source>Help</source>
        <translation>帮助</translation>
    </message>
    <message id="help.engines">
        <source>Engines</source>
        <translation>引擎</translation>
    </message>
    <message id="help.engines.text">
        <source>Start one, and it opens in your browser when it is ready. It runs on a machine of the studio, not on this computer. If no card is free, it waits in line and starts by itself.</source>
        <translation>启动后，就绪时会在浏览器中打开。引擎运行在工作室的机器上，而不是本机。若没有空闲显卡，会自动排队并启动。</translation>
    </message>
    <message id="help.files">
        <source>Your files</source>
        <translation>您的文件</translation>
    </message>
    <message id="help.files.text">
        <source>Stopping keeps them. Deleting moves them to the trash, from where you can restore them for a while.</source>
        <translation>停止后文件会保留；删除后会移入回收站，一段时间内可以恢复。</translation>
    </message>
    <message id="help.release">
        <source>Release</source>
        <translation>释放</translation>
    </message>
    <message id="help.release.text">
        <source>An engine runs on while you work. When nobody has used it for a while, it is released and its card is free for others; you are warned first.</source>
        <translation>使用期间引擎会一直运行。一段时间无人使用时会释放引擎并让出显卡，释放前会通知您。</translation>
    </message>
    <message id="help.keys">
        <source>Keyboard</source>
        <translation>快捷键</translation>
    </message>
    <message id="help.keys.text">
        <source>Tab and the arrows go from card to card, Enter does what the card offers, Ctrl+F searches, Escape closes.</source>
        <translation>Tab 和方向键切换卡片，Enter 执行卡片上的操作，Ctrl+F 搜索，Esc 关闭。</translation>
    </message>
    <message id="help.trouble">
        <source>If something is wrong</source>
        <translation>遇到问题</translation>
    </message>
    <message id="help.trouble.text">
        <source>Each message says what to do. If that is not enough, give IT the code in the message, or the diagnostics.</source>
        <translation>每条消息都会说明处理办法。若仍无法解决，请将消息中的代码或诊断信息提供给 IT。</translation>
    </message>
    <message id="help.version">
        <source>AIGC Gateway {version}</source>
        <translation>AIGC Gateway 版本 {version}</translation>
    </message>
    <message id="link.start.title">
        <source>Start {engine}?</source>
        <translation>启动 {engine}？</translation>
    </message>
    <message id="link.start.text">
        <source>A link asks to start {engine} at {studio}.</source>
        <translation>有链接请求在 {studio} 启动 {engine}。</translation>
    </message>
    <message id="link.start.yes">
        <source>Start</source>
        <translation>启动</translation>
    </message>
    <message id="link.join.title">
        <source>Connect to {address}?</source>
        <translation>连接到 {address}？</translation>
    </message>
    <message id="link.join.text">
        <source>A link asks this program to trust the coordinator at {address}. Go on only if it came from your IT.</source>
        <translation>有链接请求本程序信任位于 {address} 的协调器。仅当链接来自您的 IT 时才继续。</translation>
    </message>
    <message id="link.join.replaces">
        <source>It takes the place of {studio}. Your engines there keep running; you will sign in again.</source>
        <translation>它将取代 {studio}。您在那里的引擎会继续运行，但需要重新登录。</translation>
    </message>
    <message id="link.join.fingerprint">
        <source>Fingerprint that the link vouches for</source>
        <translation>链接中给出的指纹</translation>
    </message>
    <message id="link.join.yes">
        <source>Connect</source>
        <translation>连接</translation>
    </message>
    <message id="link.join.looking">
        <source>Looking for it …</source>
        <translation>正在查找 …</translation>
    </message>
    <message id="link.unknown">
        <source>{studio} has no engine called “{engine}”, so the link was not followed.</source>
        <translation>{studio} 没有名为“{engine}”的引擎，因此未执行该链接。</translation>
    </message>
    <message id="link.waiting">
        <source>A link asks to start {engine}. Sign in first, then you are asked about it.</source>
        <translation>有链接请求启动 {engine}。请先登录，随后会请您确认。</translation>
    </message>
    <message id="link.refused">
        <source>The link was not followed</source>
        <translation>未执行该链接</translation>
    </message>
    <message id="sleep.hold">
        <source>Asking engines to stop</source>
        <translation>正在请求停止引擎</translation>
    </message>
    <message id="link.waiting_title">
        <source>Sign in first</source>
        <translation>请先登录</translation>
    </message>
    <message id="link.later_title">
        <source>The studio does not answer</source>
        <translation>工作室无响应</translation>
    </message>
    <message id="link.later">
        <source>A link asks to start {engine}. You are asked about it as soon as the studio can be reached.</source>
        <translation>有链接请求启动 {engine}。工作室恢复连接后会请您确认。</translation>
    </message>
    <message id="share.title">
        <source>Share {name}</source>
        <translation>共享 {name}</translation>
    </message>
    <message id="share.text">
        <source>Whoever you let in opens it at its usual address, signed in as themselves. Only you can stop, rename or delete it and read its output.</source>
        <translation>被允许的人以自己的身份登录，在原地址打开。只有您可以停止、重命名、删除它或查看其输出。</translation>
    </message>
    <message id="share.field">
        <source>A colleague's name or e-mail, or one of your teams</source>
        <translation>同事的姓名或邮箱，或您的团队</translation>
    </message>
    <message id="share.list">
        <source>Who matches</source>
        <translation>匹配的人和团队</translation>
    </message>
    <message id="share.team">
        <source>Team {team}</source>
        <translation>团队 {team}</translation>
    </message>
    <message id="share.looking">
        <source>Looking …</source>
        <translation>正在查找 …</translation>
    </message>
    <message id="share.more">
        <source>There are more; type more of the name.</source>
        <translation>还有更多，请继续输入姓名。</translation>
    </message>
    <message id="share.nobody_found">
        <source>Nobody by that name has signed in here.</source>
        <translation>没有这个姓名的人在此登录过。</translation>
    </message>
    <message id="share.type">
        <source>Type two letters of a name or more.</source>
        <translation>请至少输入姓名的两个字母。</translation>
    </message>
    <message id="share.use">
        <source>Use</source>
        <translation>使用</translation>
    </message>
    <message id="share.use.text">
        <source>Everything that its pages offer, on your account: opening it starts it, what they start counts as yours, and its card then says “Started by” and their name.</source>
        <translation>可使用其页面上的所有功能，计入您的账户：打开即启动，对方启动的任务算作您的，卡片上会显示由谁启动。</translation>
    </message>
    <message id="share.view">
        <source>View only</source>
        <translation>仅查看</translation>
    </message>
    <message id="share.view.text">
        <source>May look, not change: only requests that read pass. An engine that changes something when a page is merely read is not made safe by this.</source>
        <translation>仅可查看：只放行读取类请求。若引擎在读取页面时也会改动内容，则无法保证安全。</translation>
    </message>
    <message id="share.for">
        <source>For how long</source>
        <translation>共享时长</translation>
    </message>
    <message id="share.hour">
        <source>{n} hour</source>
        <translation>{n} 小时</translation>
    </message>
    <message id="share.hours">
        <source>{n} hours</source>
        <translation>{n} 小时</translation>
    </message>
    <message id="share.day">
        <source>{n} day</source>
        <translation>{n} 天</translation>
    </message>
    <message id="share.days">
        <source>{n} days</source>
        <translation>{n} 天</translation>
    </message>
    <message id="share.yes">
        <source>Share</source>
        <translation>共享</translation>
    </message>
    <message id="share.done">
        <source>{who} may open it now.</source>
        <translation>{who} 现在可以打开它。</translation>
    </message>
    <message id="share.now">
        <source>Who may open it now</source>
        <translation>当前可打开的人</translation>
    </message>
    <message id="share.now.nobody">
        <source>Nobody but you.</source>
        <translation>只有您自己。</translation>
    </message>
    <message id="share.now.unknown">
        <source>Asking the coordinator …</source>
        <translation>正在查询 …</translation>
    </message>
    <message id="share.row.use">
        <source>Use · until {at}</source>
        <translation>使用 · 至 {at}</translation>
    </message>
    <message id="share.row.view">
        <source>View only · until {at}</source>
        <translation>仅查看 · 至 {at}</translation>
    </message>
    <message id="share.end">
        <source>Stop sharing</source>
        <translation>停止共享</translation>
    </message>
    <message id="settings.token.new">
        <source>A new token</source>
        <translation>新的令牌</translation>
    </message>
    <message id="settings.token.scope.api">
        <source>For aigc on a machine without you (the coordinator's API)</source>
        <translation>在无人值守的机器上运行 aigc（协调器 API）</translation>
    </message>
    <message id="settings.token.scope.engines">
        <source>For engines' own HTTP APIs, through the gateway</source>
        <translation>通过网关访问引擎自身的 HTTP API</translation>
    </message>
    <message id="settings.token.only">
        <source>Only for these; none ticked: all that you may open</source>
        <translation>仅限以下引擎；不勾选则为您能打开的所有引擎</translation>
    </message>
    <message id="settings.token.read_only">
        <source>Read only: it changes nothing</source>
        <translation>只读：不作任何更改</translation>
    </message>
    <message id="settings.token.of">
        <source>{name} (from {owner})</source>
        <translation>{name}（来自 {owner}）</translation>
    </message>
    <message id="settings.token.for.api">
        <source>coordinator's API</source>
        <translation>协调器 API</translation>
    </message>
    <message id="settings.token.for.engines">
        <source>engines' HTTP APIs</source>
        <translation>引擎的 HTTP API</translation>
    </message>
    <message id="settings.token.for.some">
        <source>HTTP API of {names}</source>
        <translation>{names} 的 HTTP API</translation>
    </message>
    <message id="settings.token.gone">
        <source>a deleted engine</source>
        <translation>已删除的引擎</translation>
    </message>
    <message id="settings.token.reads">
        <source>read only</source>
        <translation>只读</translation>
    </message>
    <message id="settings.token.used">
        <source>last used {used}</source>
        <translation>上次使用：{used}</translation>
    </message>
    <message id="settings.token.end">
        <source>Ends {at}</source>
        <translation>{at} 到期</translation>
    </message>
    <message id="settings.token.end_days">
        <source>Ends in {days} days: {at}</source>
        <translation>{days} 天后到期：{at}</translation>
    </message>
    <message id="settings.token.end_day">
        <source>Ends in {days} day: {at}</source>
        <translation>{days} 天后到期：{at}</translation>
    </message>
    <message id="settings.token.end_today">
        <source>Ends within a day: {at}</source>
        <translation>一天内到期：{at}</translation>
    </message>
</context>
</TS>
