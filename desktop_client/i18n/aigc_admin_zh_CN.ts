<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="zh_CN" sourcelanguage="en_US">
<context>
    <name></name>
    <message id="admin.cancel">
        <source>Cancel</source>
        <translation>取消</translation>
    </message>
    <message id="admin.name">
        <source>AIGC Gateway Admin</source>
        <translation>AIGC Gateway 管理</translation>
    </message>
    <message id="admin.page.overview">
        <source>Overview</source>
        <translation>概览</translation>
    </message>
    <message id="admin.page.machines">
        <source>Machines</source>
        <translation>机器</translation>
    </message>
    <message id="admin.page.instances">
        <source>Instances</source>
        <translation>实例</translation>
    </message>
    <message id="admin.page.queue">
        <source>Queue</source>
        <translation>队列</translation>
    </message>
    <message id="admin.page.catalogue">
        <source>Catalogue</source>
        <translation>引擎目录</translation>
    </message>
    <message id="admin.page.people">
        <source>People</source>
        <translation>人员</translation>
    </message>
    <message id="admin.page.audit">
        <source>Audit</source>
        <translation>审计</translation>
    </message>
    <message id="admin.page.settings">
        <source>Settings</source>
        <translation>设置</translation>
    </message>
    <message id="admin.page.shortcut">
        <source>Press Ctrl+{number}</source>
        <translation>快捷键 Ctrl+{number}</translation>
    </message>
    <message id="admin.page.badge">
        <source>{page}, {badge}</source>
        <translation>{page}，{badge}</translation>
    </message>
    <message id="admin.table.filter">
        <source>Filter</source>
        <translation>筛选</translation>
    </message>
    <message id="admin.table.filter_help">
        <source>Words, or name:value with - for “not” and &lt; &gt; for numbers. Names: {names}</source>
        <translation>输入关键词或 name:value；前加 - 表示排除，用 &lt; &gt; 比较数字。可用名称：{names}</translation>
    </message>
    <message id="admin.table.more">
        <source>Columns, copy, export</source>
        <translation>列、复制与导出</translation>
    </message>
    <message id="admin.table.clear">
        <source>Clear the filter</source>
        <translation>清除筛选</translation>
    </message>
    <message id="admin.table.count">
        <source>{total} rows</source>
        <translation>共 {total} 项</translation>
    </message>
    <message id="admin.table.count_of">
        <source>{shown} of {total}</source>
        <translation>{shown} / {total}</translation>
    </message>
    <message id="admin.table.empty">
        <source>Nothing here yet</source>
        <translation>暂无内容</translation>
    </message>
    <message id="admin.table.no_match">
        <source>Nothing matches the filter</source>
        <translation>没有符合筛选条件的内容</translation>
    </message>
    <message id="admin.table.copy">
        <source>Copy</source>
        <translation>复制</translation>
    </message>
    <message id="admin.table.copy_header">
        <source>Copy with column names</source>
        <translation>复制（含列名）</translation>
    </message>
    <message id="admin.table.select_all">
        <source>Select all</source>
        <translation>全选</translation>
    </message>
    <message id="admin.table.export">
        <source>Export as CSV…</source>
        <translation>导出为 CSV…</translation>
    </message>
    <message id="admin.table.exported">
        <source>{count} rows written to {path}</source>
        <translation>已将 {count} 行写入 {path}</translation>
    </message>
    <message id="admin.table.columns">
        <source>Columns</source>
        <translation>显示列</translation>
    </message>
    <message id="admin.table.columns_reset">
        <source>Reset columns</source>
        <translation>恢复默认列</translation>
    </message>
    <message id="admin.filter.unclosed">
        <source>The quotation mark before {text} is not closed.</source>
        <translation>{text} 前的引号没有闭合。</translation>
    </message>
    <message id="admin.filter.unknown">
        <source>There is no column {key}; there are {names}.</source>
        <translation>没有名为 {key} 的列；可用的有：{names}。</translation>
    </message>
    <message id="admin.filter.no_number">
        <source>{key} holds no numbers: use {key}:text.</source>
        <translation>{key} 列不是数字，请改用冒号，例如 {key}:abc。</translation>
    </message>
    <message id="admin.filter.needs_number">
        <source>{key}{op} needs a number after it.</source>
        <translation>{key}{op} 后面需要一个数字。</translation>
    </message>
    <message id="admin.gate.find.title">
        <source>Which studio?</source>
        <translation>连接到哪个工作室？</translation>
    </message>
    <message id="admin.gate.find.text">
        <source>The coordinator's address (host:port) or a join link that begins with aigc://</source>
        <translation>请输入协调器地址（host:port），或以 aigc:// 开头的加入链接</translation>
    </message>
    <message id="admin.gate.trust.title">
        <source>Is that your studio?</source>
        <translation>这是您的工作室吗？</translation>
    </message>
    <message id="admin.gate.trust.text">
        <source>Compare this fingerprint with the one that 'aigc coordinator link' prints on the server at {address}. Continue only if they are the same.</source>
        <translation>请将此指纹与服务器 {address} 上“aigc coordinator link”显示的指纹核对，一致才能继续。</translation>
    </message>
    <message id="admin.gate.signed_out.title">
        <source>Sign in to run {studio}</source>
        <translation>登录以管理 {studio}</translation>
    </message>
    <message id="admin.gate.signed_out.text">
        <source>Your browser opens for it. The tray app and this window share one sign-in.</source>
        <translation>将在浏览器中登录。托盘应用与本窗口共用同一登录状态。</translation>
    </message>
    <message id="admin.gate.signing_in.title">
        <source>Continue in your browser</source>
        <translation>请在浏览器中继续</translation>
    </message>
    <message id="admin.gate.signing_in.text">
        <source>No browser? Copy this link and open it on this computer.</source>
        <translation>浏览器没有打开？请复制此链接并在本机打开。</translation>
    </message>
    <message id="admin.gate.no_role.title">
        <source>{person}, this window is for IT</source>
        <translation>{person}，此窗口仅供 IT 使用</translation>
    </message>
    <message id="admin.gate.no_role.text">
        <source>It opens for admins and auditors. Ask an admin of {studio} for the role, or sign in as somebody else; your engines are in the tray app.</source>
        <translation>只有管理员和审计员可以打开。请向 {studio} 的管理员申请角色，或换用其他账户登录；您的引擎在托盘应用中。</translation>
    </message>
    <message id="admin.gate.unreachable.title">
        <source>{studio} cannot be reached</source>
        <translation>无法连接 {studio}</translation>
    </message>
    <message id="admin.gate.unreachable.text">
        <source>This window keeps trying and opens by itself.</source>
        <translation>本窗口会持续重试，连接成功后自动打开。</translation>
    </message>
    <message id="admin.gate.connecting.title">
        <source>Connecting to {studio}</source>
        <translation>正在连接 {studio}</translation>
    </message>
    <message id="admin.gate.connecting.text">
        <source>Machines and instances are being fetched.</source>
        <translation>正在获取机器与实例。</translation>
    </message>
    <message id="admin.step.find">
        <source>Connect</source>
        <translation>连接</translation>
    </message>
    <message id="admin.step.trust">
        <source>They are the same</source>
        <translation>指纹一致</translation>
    </message>
    <message id="admin.step.distrust">
        <source>They differ</source>
        <translation>指纹不一致</translation>
    </message>
    <message id="admin.step.sign-in">
        <source>Sign in</source>
        <translation>登录</translation>
    </message>
    <message id="admin.step.cancel">
        <source>Cancel</source>
        <translation>取消</translation>
    </message>
    <message id="admin.step.sign-out">
        <source>Sign in as somebody else</source>
        <translation>换用其他账户</translation>
    </message>
    <message id="admin.step.wake">
        <source>Try again</source>
        <translation>重试</translation>
    </message>
    <message id="admin.gate.copy">
        <source>Copy</source>
        <translation>复制</translation>
    </message>
    <message id="admin.status.admin">
        <source>{person} (admin)</source>
        <translation>{person}（管理员）</translation>
    </message>
    <message id="admin.status.auditor">
        <source>{person} (auditor: sees everything, changes nothing)</source>
        <translation>{person}（审计员：只能查看，不能更改）</translation>
    </message>
    <message id="admin.status.live">
        <source>Live</source>
        <translation>实时</translation>
    </message>
    <message id="admin.status.not_connected">
        <source>Not connected</source>
        <translation>未连接</translation>
    </message>
    <message id="admin.status.offline">
        <source>Offline since {at}</source>
        <translation>自 {at} 起离线</translation>
    </message>
    <message id="admin.status.banner">
        <source>Offline: everything is shown as it was at {at}, and nothing can be changed.</source>
        <translation>已离线：显示的是 {at} 的状态，暂时无法更改。</translation>
    </message>
    <message id="admin.status.try_now">
        <source>Try now</source>
        <translation>立即重试</translation>
    </message>
    <message id="admin.status.close">
        <source>Close</source>
        <translation>关闭</translation>
    </message>
    <message id="admin.account">
        <source>Account and language</source>
        <translation>账户与语言</translation>
    </message>
    <message id="admin.account.sign_out">
        <source>Sign out</source>
        <translation>退出登录</translation>
    </message>
    <message id="admin.account.sign_out.title">
        <source>Sign out?</source>
        <translation>退出登录？</translation>
    </message>
    <message id="admin.account.sign_out.text">
        <source>The tray app on this computer is signed out too.</source>
        <translation>本机的托盘应用也会一并退出登录。</translation>
    </message>
    <message id="admin.table.filter_example">
        <source>Filter, such as {example}</source>
        <translation>筛选，例如 {example}</translation>
    </message>
    <message id="admin.status.connected">
        <source>Connected</source>
        <translation>已连接</translation>
    </message>
    <message id="admin.table.count_one">
        <source>1 row</source>
        <translation>共 1 项</translation>
    </message>
    <message id="admin.table.exported_one">
        <source>1 row written to {path}</source>
        <translation>已将 1 行写入 {path}</translation>
    </message>
    <message id="admin.page.shares">
        <source>Sharing</source>
        <translation>共享</translation>
    </message>
</context>
</TS>
