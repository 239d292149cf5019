<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="zh_CN" sourcelanguage="en_US">
<context>
    <name></name>
    <message id="problem.coordinator-name-unknown">
        <source>Cannot reach the coordinator: its name does not resolve. Check the address with IT or your VPN.</source>
        <translation>无法连接协调服务器：名称无法解析。请向 IT 核对地址或检查 VPN。</translation>
    </message>
    <message id="problem.coordinator-refused">
        <source>Cannot reach the coordinator: nothing listens on that port.</source>
        <translation>无法连接协调服务器：该端口没有服务。请核对端口，或稍后再试。</translation>
    </message>
    <message id="problem.coordinator-no-answer">
        <source>Cannot reach the coordinator: no answer.</source>
        <translation>无法连接协调服务器：没有响应。请检查网络、VPN 和防火墙。</translation>
    </message>
    <message id="problem.coordinator-unreachable">
        <source>Cannot reach the coordinator.</source>
        <translation>无法连接协调服务器，请检查网络和 VPN。</translation>
    </message>
    <message id="problem.coordinator-not-tls">
        <source>What answers there does not speak TLS.</source>
        <translation>该端口不是协调服务器（不支持 TLS），请核对端口。</translation>
    </message>
    <message id="problem.coordinator-not-ours">
        <source>What answers there is not an AIGC Gateway coordinator.</source>
        <translation>该地址不是 AIGC Gateway 协调服务器，请核对地址和端口。</translation>
    </message>
    <message id="problem.coordinator-slow">
        <source>The coordinator did not answer in time.</source>
        <translation>协调服务器响应超时，请重试。</translation>
    </message>
    <message id="problem.pin-mismatch">
        <source>The coordinator has another key than the one given.</source>
        <translation>协调服务器的密钥与预期不符：连接可能被窃听，或服务器已重装。请向 IT 索取新链接。</translation>
    </message>
    <message id="problem.address-invalid">
        <source>This is not an address: write host:port.</source>
        <translation>地址无效：请写成 主机：端口，例如 aigc.studio.lan:7443。</translation>
    </message>
    <message id="problem.join-link-invalid">
        <source>This is not a complete join link.</source>
        <translation>链接不完整，请重新复制整行。</translation>
    </message>
    <message id="problem.clock-off">
        <source>This computer's clock is off.</source>
        <translation>本机时钟与协调服务器相差过大，请开启自动对时后重试。</translation>
    </message>
    <message id="problem.version-skew">
        <source>The coordinator and this program do not understand each other.</source>
        <translation>协调服务器与本程序版本不兼容，请安装 IT 提供的版本。</translation>
    </message>
    <message id="problem.issuer-unreachable">
        <source>Cannot reach the sign-in service.</source>
        <translation>无法连接登录服务，请检查网络或 VPN 后重试。</translation>
    </message>
    <message id="problem.sign-in-expired">
        <source>Your sign-in has expired; sign in again.</source>
        <translation>登录已过期，请重新登录。</translation>
    </message>
    <message id="problem.sign-in-denied">
        <source>The sign-in service refused.</source>
        <translation>登录服务拒绝了登录，请重试或联系 IT。</translation>
    </message>
    <message id="problem.sign-in-refused">
        <source>The sign-in service cannot be trusted with this sign-in.</source>
        <translation>登录服务的应答不可信，登录已中止。请联系 IT。</translation>
    </message>
    <message id="problem.sign-in-timeout">
        <source>Nobody signed in in time.</source>
        <translation>登录超时，请重新开始。</translation>
    </message>
    <message id="problem.client-config-broken">
        <source>The saved settings cannot be used; connect again.</source>
        <translation>已保存的设置无法使用，请重新连接。</translation>
    </message>
    <message id="problem.engine-unknown">
        <source>There is no such engine.</source>
        <translation>没有这个引擎，请刷新列表。</translation>
    </message>
    <message id="problem.engine-withdrawn">
        <source>This engine is no longer in the studio's catalogue; its data is kept.</source>
        <translation>该引擎已从工作室目录中移除；数据已保留，请联系 IT。</translation>
    </message>
    <message id="problem.version-unknown">
        <source>There is no such version.</source>
        <translation>没有这个版本，请选择其他版本。</translation>
    </message>
    <message id="problem.version-withdrawn">
        <source>This version was withdrawn.</source>
        <translation>该版本已停用，请选择其他版本。</translation>
    </message>
    <message id="problem.version-while-running">
        <source>Stop it before starting another version.</source>
        <translation>正在运行其他版本，请先停止再更换版本。</translation>
    </message>
    <message id="problem.limit-instances">
        <source>You have as many instances as the studio allows.</source>
        <translation>您的实例数量已达上限，请先删除不再需要的实例。</translation>
    </message>
    <message id="problem.limit-engine">
        <source>You have as many instances of this engine as the studio allows.</source>
        <translation>您在该引擎下的实例数量已达上限，请使用已有的实例。</translation>
    </message>
    <message id="problem.name-taken">
        <source>Another instance has this name.</source>
        <translation>已有同名实例，请换一个名称。</translation>
    </message>
    <message id="problem.name-invalid">
        <source>This name cannot be used.</source>
        <translation>名称无效：长度须为 1 至规定上限的可见字符。</translation>
    </message>
    <message id="problem.instance-unknown">
        <source>This instance is gone.</source>
        <translation>该实例不存在，可能已被删除。</translation>
    </message>
    <message id="problem.instance-deleted">
        <source>This instance is being deleted.</source>
        <translation>该实例正在删除，请新建一个。</translation>
    </message>
    <message id="problem.instance-not-running">
        <source>It is not running.</source>
        <translation>该实例未在运行，请先启动。</translation>
    </message>
    <message id="problem.not-yours">
        <source>It belongs to somebody else.</source>
        <translation>该实例属于其他人，请启动自己的实例。</translation>
    </message>
    <message id="problem.person-disabled">
        <source>Your account is disabled.</source>
        <translation>您的账户已停用，请联系 IT。</translation>
    </message>
    <message id="problem.account-disabled">
        <source>Your account is disabled.</source>
        <translation>您的账户已停用，请联系 IT。</translation>
    </message>
    <message id="problem.link-refused">
        <source>The link was not followed: it is none of the two kinds that this program knows.</source>
        <translation>未执行该链接：它不是本程序认识的链接，或内容不完整。</translation>
    </message>
    <message id="problem.settings-broken">
        <source>Your settings could not be understood and begin anew; the old file is kept beside.</source>
        <translation>无法读取您的设置，已恢复为默认值；旧文件已另存为 settings.broken.json。</translation>
    </message>
    <message id="problem.settings-unreadable">
        <source>Your settings cannot be read; the defaults are used until the file's rights are mended.</source>
        <translation>无法读取您的设置文件，暂用默认值；请修复文件权限。</translation>
    </message>
    <message id="problem.file-unwritable">
        <source>The file cannot be written; make room or check its folder's rights.</source>
        <translation>文件无法写入；请检查磁盘空间和文件夹权限。</translation>
    </message>
    <message id="problem.signed-out">
        <source>Nobody is signed in; sign in first.</source>
        <translation>尚未登录，请先登录。</translation>
    </message>
    <message id="problem.autostart-unknown">
        <source>Starting with the session is not known here; add it to the session by hand.</source>
        <translation>本系统不支持自动启动设置，请手动添加。</translation>
    </message>
</context>
</TS>
