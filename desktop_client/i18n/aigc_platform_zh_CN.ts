<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="zh_CN" sourcelanguage="en_US">
<context>
    <name></name>
    <message id="problem.program-path-refused">
        <source>The desktop cannot start a program whose path holds =; install it in another folder.</source>
        <translation>桌面无法启动路径中含有 = 的程序，请安装到其他文件夹。</translation>
    </message>
    <message id="problem.desktop-file-refused">
        <source>A file of the desktop's settings cannot be changed: check who owns it and whether the disk is full.</source>
        <translation>无法修改桌面的设置文件，请检查其所有者以及磁盘空间。</translation>
    </message>
    <message id="problem.registry-refused">
        <source>The registry cannot be changed: a policy of IT's may forbid it.</source>
        <translation>无法修改注册表，可能被 IT 的策略禁止。</translation>
    </message>
    <message id="problem.links-need-the-app">
        <source>On macOS only the installed app opens aigc:// links: install it, or paste the link into the window.</source>
        <translation>在 macOS 上只有已安装的应用才能打开 aigc:// 链接：请先安装，或将链接粘贴到窗口中。</translation>
    </message>
    <message id="problem.links-refused">
        <source>The system refused to open aigc:// links with this app; paste links into the window.</source>
        <translation>系统拒绝由本应用打开 aigc:// 链接，请将链接粘贴到窗口中。</translation>
    </message>
    <message id="problem.links-unknown">
        <source>aigc:// links cannot be registered on this system; paste them into the window.</source>
        <translation>此系统无法注册 aigc:// 链接，请将链接粘贴到窗口中。</translation>
    </message>
    <message id="problem.browser-missing">
        <source>No browser could be opened; copy the address into one.</source>
        <translation>无法打开浏览器，请复制地址后自行打开。</translation>
    </message>
    <message id="problem.address-refused">
        <source>This is not a web address.</source>
        <translation>这不是有效的网页地址。</translation>
    </message>
    <message id="problem.token-file-open">
        <source>The file with your sign-in can be read by other users; delete it and sign in again.</source>
        <translation>其他用户可以读取保存登录信息的文件，请删除该文件并重新登录。</translation>
    </message>
    <message id="problem.token-file-unreadable">
        <source>The file with your sign-in cannot be read; delete it and sign in again.</source>
        <translation>无法读取保存登录信息的文件，请删除该文件并重新登录。</translation>
    </message>
</context>
</TS>
