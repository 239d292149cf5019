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
        <source>Enter the coordinator's address, or paste the link that IT gave you.</source>
        <translation>请输入协调服务器地址，或粘贴 IT 提供的链接。</translation>
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
        <source>This program will trust only the coordinator with this fingerprint. Compare it with the one that IT tells you; if they differ, somebody may listen in.</source>
        <translation>本程序将只信任具有此指纹的协调服务器。请与 IT 提供的指纹核对；若不一致，连接可能被窃听。</translation>
    </message>
    <message id="trust.fingerprint">
        <source>Fingerprint of {address}</source>
        <translation>{address} 的指纹</translation>
    </message>
    <message id="trust.yes">
        <source>It matches, continue</source>
        <translation>一致，继续</translation>
    </message>
    <message id="connecting.title">
        <source>Connecting to {address}</source>
        <translation>正在连接 {address}</translation>
    </message>
    <message id="connecting.text">
        <source>This takes a moment.</source>
        <translation>请稍候。</translation>
    </message>
    <message id="connecting.failed">
        <source>It is tried again by itself.</source>
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
        <translation>删除 {name}?</translation>
    </message>
    <message id="delete.text">
        <source>{name} and its data ({size}) move to the trash. For a while you can bring them back on the web page My engines. Type the name to confirm.</source>
        <translation>{name} 及其数据（{size}）将移入回收站。一段时间内可在网页“我的引擎”中恢复。请输入名称以确认。</translation>
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
        <source>Copy all</source>
        <translation>全部复制</translation>
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
        <source>Your engines ran on</source>
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
</context>
</TS>
