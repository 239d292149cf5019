<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="zh_CN" sourcelanguage="en_US">
<context>
    <name></name>
    <message id="do.start">
        <source>Start</source>
        <translation>启动</translation>
    </message>
    <message id="do.start_version">
        <source>Start version {version}</source>
        <translation>启动版本 {version}</translation>
    </message>
    <message id="do.cancel">
        <source>Cancel</source>
        <translation>取消</translation>
    </message>
    <message id="do.open">
        <source>Open</source>
        <translation>打开</translation>
    </message>
    <message id="do.stop">
        <source>Stop</source>
        <translation>停止</translation>
    </message>
    <message id="do.keep">
        <source>Keep running</source>
        <translation>继续使用</translation>
    </message>
    <message id="do.retry">
        <source>Try again</source>
        <translation>重试</translation>
    </message>
    <message id="do.why">
        <source>Why am I waiting?</source>
        <translation>为什么在等待？</translation>
    </message>
    <message id="do.logs">
        <source>Logs</source>
        <translation>日志</translation>
    </message>
    <message id="do.rename">
        <source>Rename…</source>
        <translation>重命名…</translation>
    </message>
    <message id="do.delete">
        <source>Delete…</source>
        <translation>删除…</translation>
    </message>
    <message id="do.copy">
        <source>Copy details</source>
        <translation>复制详情</translation>
    </message>
    <message id="do.show">
        <source>Show window</source>
        <translation>显示窗口</translation>
    </message>
    <message id="do.sign-in">
        <source>Sign in</source>
        <translation>登录</translation>
    </message>
    <message id="do.sign-out">
        <source>Sign out</source>
        <translation>退出登录</translation>
    </message>
    <message id="do.web">
        <source>My engines on the web</source>
        <translation>网页版“我的引擎”</translation>
    </message>
    <message id="do.reconnect">
        <source>Try now</source>
        <translation>立即重试</translation>
    </message>
    <message id="do.language">
        <source>中文</source>
        <translation>English</translation>
    </message>
    <message id="do.change-studio">
        <source>Another studio…</source>
        <translation>更换工作室…</translation>
    </message>
    <message id="do.settings">
        <source>Settings</source>
        <translation>设置</translation>
    </message>
    <message id="do.recent">
        <source>Recent</source>
        <translation>最近通知</translation>
    </message>
    <message id="do.diagnostics">
        <source>Diagnostics</source>
        <translation>诊断</translation>
    </message>
    <message id="do.trash">
        <source>Files</source>
        <translation>文件</translation>
    </message>
    <message id="do.help">
        <source>Help</source>
        <translation>帮助</translation>
    </message>
    <message id="do.quit">
        <source>Quit</source>
        <translation>退出</translation>
    </message>
    <message id="do.more">
        <source>More actions</source>
        <translation>更多操作</translation>
    </message>
    <message id="line.requested">
        <source>Asked for; looking for a machine</source>
        <translation>已请求，正在寻找机器</translation>
    </message>
    <message id="line.queued">
        <source>Waiting for a free card</source>
        <translation>排队等待空闲显卡</translation>
    </message>
    <message id="line.placed">
        <source>Preparing on {node}</source>
        <translation>正在 {node} 上准备</translation>
    </message>
    <message id="line.preparing">
        <source>Preparing on {node}</source>
        <translation>正在 {node} 上准备</translation>
    </message>
    <message id="line.starting">
        <source>Starting on {node}</source>
        <translation>正在 {node} 上启动</translation>
    </message>
    <message id="line.ready">
        <source>Ready · {node}</source>
        <translation>就绪 · {node}</translation>
    </message>
    <message id="line.stopping">
        <source>Stopping, saving your data</source>
        <translation>正在停止并保存数据</translation>
    </message>
    <message id="line.stopped">
        <source>Stopped</source>
        <translation>已停止</translation>
    </message>
    <message id="line.stopped_at">
        <source>Stopped {at}</source>
        <translation>已停止，{at}</translation>
    </message>
    <message id="line.failed">
        <source>Could not start</source>
        <translation>启动失败</translation>
    </message>
    <message id="line.unreachable">
        <source>{node} does not answer; your engine may still be running</source>
        <translation>{node} 无响应，您的引擎可能仍在运行</translation>
    </message>
    <message id="line.lost">
        <source>{node} has been silent for long; your engine starts again when it is safe</source>
        <translation>{node} 长时间无响应，待安全后将重新启动您的引擎</translation>
    </message>
    <message id="line.never_started">
        <source>Not started yet</source>
        <translation>尚未启动</translation>
    </message>
    <message id="line.asking">
        <source>Asking the coordinator …</source>
        <translation>正在请求 …</translation>
    </message>
    <message id="line.ack.start">
        <source>Starting …</source>
        <translation>正在启动 …</translation>
    </message>
    <message id="line.ack.retry">
        <source>Trying again …</source>
        <translation>正在重试 …</translation>
    </message>
    <message id="line.ack.cancel">
        <source>Cancelling …</source>
        <translation>正在取消 …</translation>
    </message>
    <message id="line.ack.stop">
        <source>Stopping …</source>
        <translation>正在停止 …</translation>
    </message>
    <message id="line.ack.keep">
        <source>Keeping it running …</source>
        <translation>正在延长使用 …</translation>
    </message>
    <message id="line.ack.rename">
        <source>Renaming …</source>
        <translation>正在重命名 …</translation>
    </message>
    <message id="line.ack.delete">
        <source>Deleting …</source>
        <translation>正在删除 …</translation>
    </message>
    <message id="detail.card">
        <source>{name} · GPU {percent} · VRAM {memory}</source>
        <translation>{name} · GPU {percent} · 显存 {memory}</translation>
    </message>
    <message id="detail.simulated">
        <source>{name} (simulated)</source>
        <translation>{name}（模拟）</translation>
    </message>
    <message id="detail.release_at">
        <source>Released at {at}</source>
        <translation>{at} 释放</translation>
    </message>
    <message id="detail.release">
        <source>Released at {at}, in {span}, if not used</source>
        <translation>若不使用，{at}（{span}后）释放</translation>
    </message>
    <message id="detail.data">
        <source>Your data: {size}</source>
        <translation>您的数据：{size}</translation>
    </message>
    <message id="detail.code">
        <source>Code for support: {code}</source>
        <translation>支持代码：{code}</translation>
    </message>
    <message id="why.title">
        <source>Why {name} is waiting</source>
        <translation>{name} 为什么在等待</translation>
    </message>
    <message id="why.position">
        <source>Place in the queue: {position}</source>
        <translation>排队位置：第 {position} 位</translation>
    </message>
    <message id="why.since">
        <source>Waiting for {span}</source>
        <translation>已等待 {span}</translation>
    </message>
    <message id="tooltip.signed-out">
        <source>signed out</source>
        <translation>未登录</translation>
    </message>
    <message id="tooltip.connecting">
        <source>connecting</source>
        <translation>正在连接</translation>
    </message>
    <message id="tooltip.idle">
        <source>nothing is running</source>
        <translation>没有运行中的引擎</translation>
    </message>
    <message id="tooltip.starting">
        <source>an engine is starting</source>
        <translation>引擎正在启动</translation>
    </message>
    <message id="tooltip.ready">
        <source>{count} ready</source>
        <translation>{count} 个就绪</translation>
    </message>
    <message id="tooltip.attention">
        <source>something needs you</source>
        <translation>有事项需要处理</translation>
    </message>
    <message id="tooltip.offline">
        <source>offline</source>
        <translation>离线</translation>
    </message>
    <message id="banner.offline">
        <source>Offline: this is what was known at {at}. {reason}</source>
        <translation>离线：以下为 {at} 的状态。{reason}</translation>
    </message>
    <message id="banner.memory_only">
        <source>This desktop has no secure store: you stay signed in only until this program ends.</source>
        <translation>此桌面没有安全存储：登录状态仅保持到本程序退出。</translation>
    </message>
    <message id="empty">
        <source>Your studio has not published an engine yet. Ask IT for one.</source>
        <translation>您的工作室尚未发布引擎，请联系 IT。</translation>
    </message>
    <message id="simulated">
        <source>simulated</source>
        <translation>模拟</translation>
    </message>
    <message id="news.ready.title">
        <source>{name} is ready</source>
        <translation>{name} 已就绪</translation>
    </message>
    <message id="news.ready.text">
        <source>{line}</source>
        <translation>{line}</translation>
    </message>
    <message id="news.release-near.title">
        <source>{name} will be released at {at}</source>
        <translation>{name} 将于 {at} 释放</translation>
    </message>
    <message id="news.release-near.text">
        <source>Nobody has worked with it for a while. Your files are kept.</source>
        <translation>已有一段时间无人使用。您的文件会保留。</translation>
    </message>
    <message id="news.released.title">
        <source>{name} was released</source>
        <translation>{name} 已释放</translation>
    </message>
    <message id="news.released.text">
        <source>Your files are kept.</source>
        <translation>您的文件已保留。</translation>
    </message>
    <message id="news.failed.title">
        <source>{name} could not start</source>
        <translation>{name} 启动失败</translation>
    </message>
    <message id="news.failed.text">
        <source>{line}</source>
        <translation>{line}</translation>
    </message>
    <message id="news.refused.title">
        <source>That did not work</source>
        <translation>操作未完成</translation>
    </message>
    <message id="news.refused.text">
        <source>{text}</source>
        <translation>{text}</translation>
    </message>
    <message id="news.stop_now">
        <source>Release now</source>
        <translation>立即释放</translation>
    </message>
    <message id="news.start_again">
        <source>Start again</source>
        <translation>重新启动</translation>
    </message>
    <message id="news.details">
        <source>Details</source>
        <translation>详情</translation>
    </message>
    <message id="news.open_failed">
        <source>The browser did not open. Copy this address: {url}</source>
        <translation>浏览器未能打开。请复制此地址：{url}</translation>
    </message>
    <message id="detail.running">
        <source>Running {span}</source>
        <translation>已运行 {span}</translation>
    </message>
    <message id="detail.used_now">
        <source>used just now</source>
        <translation>刚刚使用</translation>
    </message>
    <message id="detail.last_used">
        <source>used {at} ({span} ago)</source>
        <translation>{at} 用过（{span}前）</translation>
    </message>
    <message id="part.complete">
        <source>ready</source>
        <translation>已就绪</translation>
    </message>
    <message id="graph.gpu">
        <source>GPU</source>
        <translation>GPU 利用率</translation>
    </message>
    <message id="graph.vram">
        <source>VRAM</source>
        <translation>显存</translation>
    </message>
    <message id="graph.spoken">
        <source>{label}: {figure}, over the last {minutes} minutes</source>
        <translation>{label}：{figure}，最近 {minutes} 分钟</translation>
    </message>
    <message id="graph.whole_card">
        <source>Use of the whole card, which others share</source>
        <translation>整张显卡的使用情况（与他人共用）</translation>
    </message>
    <message id="estimate.soon">
        <source>less than a minute</source>
        <translation>不到 1 分钟</translation>
    </message>
    <message id="estimate.about">
        <source>about {span}</source>
        <translation>约 {span}</translation>
    </message>
    <message id="time.under_minute">
        <source>less than a minute</source>
        <translation>不到 1 分钟</translation>
    </message>
    <message id="time.days">
        <source>{days} days</source>
        <translation>{days} 天</translation>
    </message>
    <message id="link.online">
        <source>Connected to {address}</source>
        <translation>已连接到 {address}</translation>
    </message>
    <message id="link.connecting">
        <source>Connecting to {address}</source>
        <translation>正在连接到 {address}</translation>
    </message>
    <message id="link.offline">
        <source>Cannot reach {address}</source>
        <translation>无法连接到 {address}</translation>
    </message>
    <message id="link.signed-out">
        <source>Not signed in</source>
        <translation>未登录</translation>
    </message>
    <message id="empty.title">
        <source>No engines yet</source>
        <translation>暂无引擎</translation>
    </message>
    <message id="plain.sign_in.title">
        <source>You are signed out</source>
        <translation>您尚未登录</translation>
    </message>
    <message id="plain.sign_in.text">
        <source>Sign in to see and start your engines at {studio}.</source>
        <translation>登录后即可查看和启动您在 {studio} 的引擎。</translation>
    </message>
    <message id="plain.signing_in.text">
        <source>This window goes on by itself once you are signed in there.</source>
        <translation>登录完成后，此窗口会自动继续。</translation>
    </message>
    <message id="plain.connecting.title">
        <source>Connecting</source>
        <translation>正在连接</translation>
    </message>
    <message id="plain.connecting.text">
        <source>Looking for {address}. This takes a moment.</source>
        <translation>正在连接到 {address}，请稍候。</translation>
    </message>
    <message id="plain.connecting.again">
        <source>Your studio does not answer yet. This window keeps trying.</source>
        <translation>您的工作室暂无响应，将自动重试。</translation>
    </message>
    <message id="plain.first.title">
        <source>Welcome</source>
        <translation>欢迎</translation>
    </message>
    <message id="plain.first.text">
        <source>Connect to your studio first; it takes a minute.</source>
        <translation>请先连接到您的工作室，只需一分钟。</translation>
    </message>
    <message id="plain.continue">
        <source>Continue</source>
        <translation>继续</translation>
    </message>
    <message id="flyout.search">
        <source>Search engines</source>
        <translation>搜索引擎</translation>
    </message>
    <message id="flyout.no_match">
        <source>No engine is called “{text}”.</source>
        <translation>没有名为“{text}”的引擎。</translation>
    </message>
    <message id="flyout.account">
        <source>Account of {name}</source>
        <translation>{name} 的账户</translation>
    </message>
    <message id="flyout.account_unnamed">
        <source>Account</source>
        <translation>账户</translation>
    </message>
    <message id="flyout.cards">
        <source>Your engines</source>
        <translation>您的引擎</translation>
    </message>
    <message id="flyout.progress">
        <source>Progress of {name}</source>
        <translation>{name} 的进度</translation>
    </message>
    <message id="card.part">
        <source>{part} of {name}</source>
        <translation>{name} 的{part}</translation>
    </message>
    <message id="menu.engines">
        <source>More engines</source>
        <translation>更多引擎</translation>
    </message>
    <message id="menu.help">
        <source>Help</source>
        <translation>帮助</translation>
    </message>
    <message id="do.admin">
        <source>Admin window</source>
        <translation>管理窗口</translation>
    </message>
    <message id="do.share">
        <source>Share…</source>
        <translation>共享…</translation>
    </message>
    <message id="do.leave">
        <source>Give back</source>
        <translation>退出共享</translation>
    </message>
    <message id="do.former">
        <source>Former account</source>
        <translation>以前的账户</translation>
    </message>
    <message id="line.ack.leave">
        <source>Giving back …</source>
        <translation>正在退出共享 …</translation>
    </message>
    <message id="former.possible">
        <source>Did you have an account here before?</source>
        <translation>您以前在这里有账户吗？</translation>
    </message>
    <message id="former.asked">
        <source>IT has your request for your former account</source>
        <translation>IT 已收到您关于以前账户的申请</translation>
    </message>
    <message id="shared.title">
        <source>Shared with me</source>
        <translation>共享给我的</translation>
    </message>
    <message id="guest.view_only">
        <source>view only</source>
        <translation>仅查看</translation>
    </message>
    <message id="guest.from">
        <source>From {owner}</source>
        <translation>来自 {owner}</translation>
    </message>
    <message id="guest.from_until">
        <source>From {owner} · until {at}</source>
        <translation>来自 {owner} · 至 {at}</translation>
    </message>
    <message id="guest.opening_starts">
        <source>Opening starts it, on {owner}'s account</source>
        <translation>打开即启动，计入 {owner} 的账户</translation>
    </message>
    <message id="guest.view_waits">
        <source>You can look on once {owner} has started it</source>
        <translation>{owner} 启动后您才能查看</translation>
    </message>
    <message id="detail.started_by">
        <source>Started by {guest}</source>
        <translation>由 {guest} 启动</translation>
    </message>
    <message id="detail.shared">
        <source>Shared with {count}</source>
        <translation>已共享：{count}</translation>
    </message>
    <message id="refused.one">
        <source>The engine was refused 1 connection to the network ({where}).</source>
        <translation>引擎有 1 次网络连接被拒绝（{where}）。</translation>
    </message>
    <message id="refused.many">
        <source>The engine was refused {count} connections to the network ({where}).</source>
        <translation>引擎有 {count} 次网络连接被拒绝（{where}）。</translation>
    </message>
    <message id="refused.one.nowhere">
        <source>The engine was refused 1 connection to the network.</source>
        <translation>引擎有 1 次网络连接被拒绝。</translation>
    </message>
    <message id="refused.many.nowhere">
        <source>The engine was refused {count} connections to the network.</source>
        <translation>引擎有 {count} 次网络连接被拒绝。</translation>
    </message>
    <message id="refused.and_others">
        <source>{where} and others</source>
        <translation>{where} 等</translation>
    </message>
    <message id="news.shared.title">
        <source>{owner} shares {name} with you</source>
        <translation>{owner} 与您共享了 {name}</translation>
    </message>
    <message id="news.shared.text">
        <source>You may use it until {at}.</source>
        <translation>您可以使用至 {at}。</translation>
    </message>
    <message id="news.shared.view">
        <source>You may look on until {at}.</source>
        <translation>您可以查看至 {at}。</translation>
    </message>
    <message id="news.unshared.title">
        <source>{name} is no longer shared with you</source>
        <translation>{name} 不再与您共享</translation>
    </message>
    <message id="news.unshared.text">
        <source>{owner}'s engine; ask {owner} if you still need it.</source>
        <translation>这是 {owner} 的引擎；如仍需要，请联系 {owner}。</translation>
    </message>
    <message id="news.ready.by_guest">
        <source>Started by {guest}. {line}</source>
        <translation>由 {guest} 启动。{line}</translation>
    </message>
    <message id="news.token-ends.title">
        <source>Your API token “{text}” ends soon</source>
        <translation>您的 API 令牌“{text}”即将到期</translation>
    </message>
    <message id="news.token-ends.text">
        <source>It ends {at}; after that, scripts that use it are refused. Create another in time.</source>
        <translation>它将于 {at} 到期，之后使用它的脚本会被拒绝。请及时创建新的令牌。</translation>
    </message>
    <message id="do.account">
        <source>Password and second factor</source>
        <translation>密码与双重验证</translation>
    </message>
</context>
</TS>
