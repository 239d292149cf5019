<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="zh_CN" sourcelanguage="en_US">
<context>
    <name></name>
    <message id="problem.coordinator-name-unknown">
        <source>Cannot reach the coordinator: its name does not resolve. Check the address with IT or your VPN.</source>
        <translation>无法连接协调器：名称无法解析。请向 IT 核对地址或检查 VPN。</translation>
    </message>
    <message id="problem.coordinator-refused">
        <source>Cannot reach the coordinator: nothing listens on that port.</source>
        <translation>无法连接协调器：该端口没有服务。请核对端口，或稍后再试。</translation>
    </message>
    <message id="problem.coordinator-no-answer">
        <source>Cannot reach the coordinator: no answer.</source>
        <translation>无法连接协调器：没有响应。请检查网络、VPN 和防火墙。</translation>
    </message>
    <message id="problem.coordinator-unreachable">
        <source>Cannot reach the coordinator.</source>
        <translation>无法连接协调器，请检查网络和 VPN。</translation>
    </message>
    <message id="problem.coordinator-not-tls">
        <source>What answers there does not speak TLS.</source>
        <translation>该端口不是协调器（不支持 TLS），请核对端口。</translation>
    </message>
    <message id="problem.coordinator-not-ours">
        <source>What answers there is not an AIGC Gateway coordinator.</source>
        <translation>该地址不是 AIGC Gateway 协调器，请核对地址和端口。</translation>
    </message>
    <message id="problem.coordinator-slow">
        <source>The coordinator did not answer in time.</source>
        <translation>协调器响应超时，请重试。</translation>
    </message>
    <message id="problem.pin-mismatch">
        <source>The coordinator has another key than the one given.</source>
        <translation>协调器的密钥与预期不符：连接可能被窃听，或服务器已重装。请向 IT 索取新链接。</translation>
    </message>
    <message id="problem.address-invalid">
        <source>This is not an address: write host:port.</source>
        <translation>地址无效：请写成 host:port，例如 aigc.studio.lan:7443。</translation>
    </message>
    <message id="problem.join-link-invalid">
        <source>This is not a complete join link.</source>
        <translation>链接不完整，请重新复制整行。</translation>
    </message>
    <message id="problem.clock-off">
        <source>This computer's clock is off.</source>
        <translation>本机时钟与协调器相差过大，请开启自动对时后重试。</translation>
    </message>
    <message id="problem.version-skew">
        <source>The coordinator and this program do not understand each other.</source>
        <translation>协调器与本程序版本不兼容，请安装 IT 提供的版本。</translation>
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
        <translation>该引擎已不在工作室的引擎目录中；数据已保留，请联系 IT。</translation>
    </message>
    <message id="problem.version-unknown">
        <source>There is no such version.</source>
        <translation>没有这个版本，请选择其他版本。</translation>
    </message>
    <message id="problem.version-withdrawn">
        <source>This version was withdrawn.</source>
        <translation>该版本已撤下，请选择其他版本。</translation>
    </message>
    <message id="problem.version-while-running">
        <source>Stop it before starting another version.</source>
        <translation>正在运行其他版本，请先停止再更换版本。</translation>
    </message>
    <message id="problem.limit-instances">
        <source>You have as many instances as the studio allows.</source>
        <translation>您的引擎数量已达个人上限，请先删除不再需要的引擎。</translation>
    </message>
    <message id="problem.limit-engine">
        <source>You have as many instances of this engine as the studio allows.</source>
        <translation>您拥有的该引擎数量已达上限，请使用已有的引擎，或先将其删除。</translation>
    </message>
    <message id="problem.name-taken">
        <source>Another instance has this name.</source>
        <translation>您已有同名的引擎，请换一个名称。</translation>
    </message>
    <message id="problem.name-invalid">
        <source>This name cannot be used.</source>
        <translation>名称无效：长度须为 1 至规定上限的可见字符。</translation>
    </message>
    <message id="problem.instance-unknown">
        <source>This instance is gone.</source>
        <translation>该引擎不存在，可能已被删除。</translation>
    </message>
    <message id="problem.instance-deleted">
        <source>This instance is being deleted.</source>
        <translation>该引擎正在删除，请启动新的引擎。</translation>
    </message>
    <message id="problem.instance-not-running">
        <source>It is not running.</source>
        <translation>该引擎未在运行，请先启动。</translation>
    </message>
    <message id="problem.not-yours">
        <source>It belongs to somebody else.</source>
        <translation>该引擎属于其他人，请启动自己的引擎。</translation>
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
    <message id="problem.node-unknown">
        <source>There is no such machine.</source>
        <translation>没有这台机器，它可能已被移除，请刷新列表。</translation>
    </message>
    <message id="problem.node-offline">
        <source>The machine is not connected.</source>
        <translation>该机器未连接，请开机后重试。</translation>
    </message>
    <message id="problem.node-online">
        <source>The machine is connected, so it is not off.</source>
        <translation>该机器当前在线，并未关机：请先将其设为维护或关机。</translation>
    </message>
    <message id="problem.node-name">
        <source>That is no name for a machine.</source>
        <translation>机器名须为 1 到 63 个字母、数字、点、连字符或下划线，首尾须为字母或数字，例如 render-04。</translation>
    </message>
    <message id="problem.node-name-taken">
        <source>There is another machine of that name.</source>
        <translation>已有同名机器，请换一个名称。</translation>
    </message>
    <message id="problem.node-pool">
        <source>That is no name for a pool.</source>
        <translation>资源池名称须为 1 到 63 个字母、数字、点、连字符或下划线，首尾须为字母或数字。</translation>
    </message>
    <message id="problem.node-labels">
        <source>These labels do not fit.</source>
        <translation>标签不符合要求：最多 32 个；键为 1 到 63 个字母、数字或 . _ - /，值为一行且不超过 100 个字符。</translation>
    </message>
    <message id="problem.reason-missing">
        <source>Say how you know that the machine is off.</source>
        <translation>请说明如何得知机器已关机：系统将据此把其上引擎的数据交给其他机器使用，若两处同时写入会损坏数据。</translation>
    </message>
    <message id="problem.unclaimed-unknown">
        <source>There is no such unclaimed container any more.</source>
        <translation>该机器上已没有这个未认领的容器，请刷新列表。</translation>
    </message>
    <message id="problem.unclaimed-stopping">
        <source>The container is being stopped already.</source>
        <translation>该容器已在停止，无法再保留。</translation>
    </message>
    <message id="problem.keep-unconfirmed">
        <source>The machine has not confirmed that it keeps the container.</source>
        <translation>机器尚未确认保留该容器，请稍后再查看未认领容器列表。</translation>
    </message>
    <message id="problem.agent-too-old">
        <source>The agent there is too old for this.</source>
        <translation>该机器上的代理程序版本过旧，不支持此操作，请先更新代理程序。</translation>
    </message>
    <message id="problem.join-too-long">
        <source>A join command is good for at most 7 days.</source>
        <translation>加入命令的有效期最长为 7 天。</translation>
    </message>
    <message id="problem.span-empty">
        <source>The readings end before they begin, or are older than eight days.</source>
        <translation>所选时间段无效：读数保留八天，请选择较近的时间。</translation>
    </message>
    <message id="problem.logs-stopped">
        <source>It runs on no machine now, so it has no log.</source>
        <translation>它目前没有运行，因此没有日志，请先启动。</translation>
    </message>
    <message id="problem.logs-unavailable">
        <source>Its machine cannot give the log now.</source>
        <translation>所在机器暂时无法提供日志，请确认机器已连接后重试。</translation>
    </message>
    <message id="problem.person-unknown">
        <source>There is no such person.</source>
        <translation>没有这个人，请刷新列表。</translation>
    </message>
    <message id="problem.last-admin">
        <source>This is the last admin.</source>
        <translation>这是最后一位管理员，请先将其他人设为管理员。</translation>
    </message>
    <message id="problem.username-invalid">
        <source>That is no user name.</source>
        <translation>用户名不符合要求，请换一个。</translation>
    </message>
    <message id="problem.username-taken">
        <source>There is an account of that name.</source>
        <translation>该用户名已被使用，请换一个。</translation>
    </message>
    <message id="problem.no-local-accounts">
        <source>Accounts are made at the OpenID provider.</source>
        <translation>人员通过工作室的 OpenID 提供方登录，请在那里创建账户。</translation>
    </message>
    <message id="problem.token-unknown">
        <source>There is no such token any more.</source>
        <translation>该令牌已不存在，请刷新列表。</translation>
    </message>
    <message id="problem.role-missing">
        <source>Your role does not allow this.</source>
        <translation>您的角色无权执行此操作，如有需要请联系 IT。</translation>
    </message>
    <message id="problem.ledger-unavailable">
        <source>The coordinator cannot write its ledger, so nothing was changed.</source>
        <translation>协调器无法写入账本，因此未做任何更改；运行中的引擎不受影响。请检查其磁盘剩余空间。</translation>
    </message>
    <message id="problem.coordinator-stopping">
        <source>The coordinator is stopping.</source>
        <translation>协调器正在停止，请稍后重试。</translation>
    </message>
    <message id="problem.admin-not-started">
        <source>The admin window did not start.</source>
        <translation>管理窗口未能启动。</translation>
    </message>
    <message id="problem.share-access">
        <source>Choose whether it may be used or only viewed.</source>
        <translation>请选择“使用”或“仅查看”。</translation>
    </message>
    <message id="problem.share-time">
        <source>A share lasts from 5 minutes to 30 days.</source>
        <translation>共享时长须在 5 分钟到 30 天之间。</translation>
    </message>
    <message id="problem.share-whom">
        <source>Choose one colleague or one team.</source>
        <translation>请选择一位同事或一个团队。</translation>
    </message>
    <message id="problem.share-self">
        <source>It is yours already.</source>
        <translation>这本来就是您自己的。</translation>
    </message>
    <message id="problem.share-limit">
        <source>It is shared too many times: end some of these first.</source>
        <translation>此引擎的共享数量已达上限，请先结束一些，或共享给团队。</translation>
    </message>
    <message id="problem.share-unknown">
        <source>There is no such share, or it ended already.</source>
        <translation>没有这项共享，或已结束。</translation>
    </message>
    <message id="problem.colleague-unknown">
        <source>Nobody here is called that; whoever it is must have signed in once.</source>
        <translation>没有这位同事；对方须至少登录过一次。</translation>
    </message>
    <message id="problem.team-unknown">
        <source>You can share with your own teams.</source>
        <translation>只能共享给您自己的团队。</translation>
    </message>
    <message id="problem.asked-too-often">
        <source>You have looked for many people: wait a minute.</source>
        <translation>您在短时间内查找了太多人，请稍等一分钟。</translation>
    </message>
    <message id="problem.token-scope">
        <source>This token is for engines, not for the coordinator.</source>
        <translation>此令牌用于引擎，不能用于协调器 API。</translation>
    </message>
    <message id="problem.token-read-only">
        <source>This token only reads.</source>
        <translation>此令牌为只读，不能作任何更改。</translation>
    </message>
    <message id="problem.token-scope-missing">
        <source>Choose what the token is for.</source>
        <translation>请选择令牌的用途。</translation>
    </message>
    <message id="problem.token-scope-unknown">
        <source>There is no such purpose of a token.</source>
        <translation>没有这种令牌用途。</translation>
    </message>
    <message id="problem.token-instances">
        <source>Only a token for engines can be limited to some of them.</source>
        <translation>只有用于引擎的令牌才能限定引擎。</translation>
    </message>
    <message id="problem.token-instances-many">
        <source>A token names too many engines.</source>
        <translation>一个令牌限定的引擎过多。</translation>
    </message>
    <message id="problem.shared-with-team">
        <source>It is shared with a team of yours: only its owner can end that.</source>
        <translation>它共享给了您所在的团队，只有所有者可以结束共享。</translation>
    </message>
</context>
</TS>
