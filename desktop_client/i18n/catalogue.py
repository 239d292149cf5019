"""The catalogue: key -> (English, Simplified Chinese)."""

from __future__ import annotations

MESSAGES: dict[str, tuple[str, str]] = {
    # The browser's last page at sign-in
    "sign_in.page.done.title": ("You are signed in", "登录成功"),
    "sign_in.page.done.text": (
        "You can close this page and go back to your work.",
        "可以关闭此页面，继续您的工作。",
    ),
    "sign_in.page.failed.title": ("That did not work", "登录未完成"),
    "sign_in.page.failed.text": (
        "You are not signed in. The program that you came from says why; try again there.",
        "尚未登录。请返回原来的程序查看原因并重试。",
    ),
    "sign_in.page.not_ours.title": ("Nothing to see here", "无效的请求"),
    "sign_in.page.not_ours.text": (
        "This page belongs to a sign-in that is over or was never begun. Start it again.",
        "此页面不属于正在进行的登录。请重新开始登录。",
    ),
    # Names and times
    "app.name": ("AIGC Gateway", "AIGC Gateway"),
    "time.yesterday": ("yesterday {clock}", "昨天 {clock}"),
    "time.moment": ("a moment", "片刻"),
    "time.minutes": ("{minutes} min", "{minutes} 分钟"),
    "time.hours": ("{hours} h", "{hours} 小时"),
    "time.hours_minutes": ("{hours} h {minutes} min", "{hours} 小时 {minutes} 分钟"),
    "part.image": ("image", "镜像"),
    "part.data": ("data", "数据"),
    "part.models": ("models", "模型"),
    "part.done": ("{part} ready", "{part}已就绪"),
    "part.begun": ("{part} …", "{part} …"),
    # What a person can do
    "do.start": ("Start", "启动"),
    "do.start_version": ("Start version {version}", "启动版本 {version}"),
    "do.cancel": ("Cancel", "取消"),
    "do.open": ("Open", "打开"),
    "do.stop": ("Stop", "停止"),
    "do.keep": ("Keep running", "继续使用"),
    "do.retry": ("Try again", "重试"),
    "do.why": ("Why am I waiting?", "为什么在等待？"),
    "do.logs": ("Logs", "日志"),
    "do.rename": ("Rename…", "重命名…"),
    "do.delete": ("Delete…", "删除…"),
    "do.copy": ("Copy details", "复制详情"),
    "do.show": ("Show window", "显示窗口"),
    "do.sign-in": ("Sign in", "登录"),
    "do.sign-out": ("Sign out", "退出登录"),
    "do.web": ("My engines on the web", "网页版“我的引擎”"),
    "do.reconnect": ("Try now", "立即重试"),
    "do.language": ("中文", "English"),
    "do.change-studio": ("Another studio…", "更换工作室…"),
    "do.quit": ("Quit", "退出"),
    "do.more": ("More actions", "更多操作"),
    # An instance's one line, where the coordinator says none
    "line.requested": ("Asking for a place", "正在请求资源"),
    "line.queued": ("Waiting for a free card", "排队等待空闲显卡"),
    "line.placed": ("Found a place on {node}", "已分配到 {node}"),
    "line.preparing": ("Preparing on {node}", "正在 {node} 上准备"),
    "line.starting": ("Starting on {node}", "正在 {node} 上启动"),
    "line.ready": ("Ready · {node}", "就绪 · {node}"),
    "line.stopping": ("Stopping, saving your data", "正在停止并保存数据"),
    "line.stopped": ("Stopped", "已停止"),
    "line.stopped_at": ("Stopped {at}", "已停止，{at}"),
    "line.failed": ("Could not start", "启动失败"),
    "line.unreachable": (
        "{node} does not answer; your engine may still be running",
        "{node} 无响应，您的引擎可能仍在运行",
    ),
    "line.lost": (
        "{node} has been silent for long; your engine starts again when it is safe",
        "{node} 长时间无响应，待安全后将重新启动您的引擎",
    ),
    "line.never_started": ("Not started yet", "尚未启动"),
    "line.asking": ("Asking the coordinator …", "正在请求 …"),
    "line.ack.start": ("Starting …", "正在启动 …"),
    "line.ack.retry": ("Trying again …", "正在重试 …"),
    "line.ack.cancel": ("Cancelling …", "正在取消 …"),
    "line.ack.stop": ("Stopping …", "正在停止 …"),
    "line.ack.keep": ("Keeping it running …", "正在保持运行 …"),
    "line.ack.rename": ("Renaming …", "正在重命名 …"),
    "line.ack.delete": ("Deleting …", "正在删除 …"),
    "detail.card": (
        "{name} · GPU {percent} · VRAM {memory}",
        "{name} · GPU {percent} · 显存 {memory}",
    ),
    "detail.simulated": ("{name} (simulated)", "{name}（模拟）"),
    "detail.release": (
        "Released at {at} (in {span}) if nobody works with it",
        "若无人使用，将于 {at}（{span}后）释放",
    ),
    "detail.data": ("Your data: {size}, kept", "您的数据：{size}，已保留"),
    "detail.code": ("Code for support: {code}", "支持代码：{code}"),
    "why.title": ("Why {name} is waiting", "{name} 为什么在等待"),
    "why.position": ("Place in the queue: {position}", "排队位置：第 {position} 位"),
    "why.since": ("Waiting for {span} so far", "已等待 {span}"),
    # The whole
    "tooltip.signed-out": ("signed out", "未登录"),
    "tooltip.connecting": ("connecting", "正在连接"),
    "tooltip.idle": ("nothing is running", "没有运行中的引擎"),
    "tooltip.starting": ("an engine is starting", "引擎正在启动"),
    "tooltip.ready": ("{count} ready", "{count} 个就绪"),
    "tooltip.attention": ("something needs you", "有事项需要处理"),
    "tooltip.offline": ("offline", "离线"),
    "banner.offline": (
        "Offline: this is what was known at {at}. {reason}",
        "离线：以下为 {at} 的状态。{reason}",
    ),
    "banner.memory_only": (
        "This desktop has no secure store: you stay signed in only until this program ends.",
        "此桌面没有安全存储：登录状态仅保持到本程序退出。",
    ),
    "empty": (
        "Your studio has not published an engine yet. Ask your IT for one.",
        "您的工作室尚未发布引擎，请联系 IT。",
    ),
    "simulated": ("simulated", "模拟"),
    # First run and sign-in
    "first.title": ("Connect to your studio", "连接到您的工作室"),
    "first.text": (
        "Enter the coordinator's address, or paste the link that IT gave you.",
        "请输入协调服务器地址，或粘贴 IT 提供的链接。",
    ),
    "first.placeholder": (
        "aigc.studio.lan:7443 or aigc://join/…",
        "aigc.studio.lan:7443 或 aigc://join/…",
    ),
    "first.connect": ("Connect", "连接"),
    "first.looking": ("Looking for it …", "正在查找 …"),
    "first.back": ("Back", "返回"),
    "trust.title": ("Is this your studio?", "这是您的工作室吗？"),
    "trust.text": (
        (
            "This program will trust only the coordinator with this fingerprint. "
            "Compare it with the one that IT tells you; if they differ, somebody may listen in."
        ),
        "本程序将只信任具有此指纹的协调服务器。请与 IT 提供的指纹核对；若不一致，连接可能被窃听。",
    ),
    "trust.fingerprint": ("Fingerprint of {address}", "{address} 的指纹"),
    "trust.yes": ("It matches, continue", "一致，继续"),
    "sign_in.title": ("Sign in to {studio}", "登录 {studio}"),
    "sign_in.text": (
        "Your browser opens for it. Your password is never seen by this program.",
        "将在浏览器中登录，本程序不会看到您的密码。",
    ),
    "sign_in.waiting.title": ("Continue in your browser", "请在浏览器中继续"),
    "sign_in.waiting.text": (
        "No browser? Copy this link and open it on this computer.",
        "浏览器没有打开？请复制此链接并在本机打开。",
    ),
    "sign_in.copy": ("Copy link", "复制链接"),
    "sign_in.copied": ("Copied", "已复制"),
    "sign_in.cancel": ("Cancel", "取消"),
    "connecting.title": ("Connecting to {address}", "正在连接 {address}"),
    "connecting.text": ("This takes a moment.", "请稍候。"),
    "connecting.failed": ("It is tried again by itself.", "将自动重试。"),
    # Small windows
    "rename.title": ("Rename {name}", "重命名 {name}"),
    "rename.text": ("New name", "新名称"),
    "rename.yes": ("Rename", "重命名"),
    "delete.title": ("Delete {name}?", "删除 {name}?"),
    "delete.text": (
        (
            "{name} and its data ({size}) move to the trash. For a while you can bring them back "
            "on the web page My engines. Type the name to confirm."
        ),
        (
            "{name} 及其数据（{size}）将移入回收站。一段时间内可在网页“我的引擎”中恢复。"
            "请输入名称以确认。"
        ),
    ),
    "delete.yes": ("Delete", "删除"),
    "delete.unknown_size": ("size unknown", "大小未知"),
    "logs.title": ("Logs of {name}", "{name} 的日志"),
    "logs.waiting": ("Waiting for lines …", "正在等待日志 …"),
    "logs.copy": ("Copy all", "全部复制"),
    "quit.title": ("Your engines keep running", "您的引擎将继续运行"),
    "quit.text": (
        (
            "{names}: still running on the studio's machines, and released when nobody works with "
            "them. This program only shows them."
        ),
        "{names} 仍在工作室的机器上运行，无人使用时会自动释放。本程序只是显示它们。",
    ),
    "quit.yes": ("Quit", "退出"),
    "quit.stop": ("Stop them and quit", "停止并退出"),
    "cancel": ("Cancel", "取消"),
    "close": ("Close", "关闭"),
    # Notifications
    "news.ready.title": ("{name} is ready", "{name} 已就绪"),
    "news.ready.text": ("{line}", "{line}"),
    "news.release-near.title": ("{name} will be released at {at}", "{name} 将于 {at} 释放"),
    "news.release-near.text": (
        "Nobody has worked with it for a while. Your files are kept.",
        "已有一段时间无人使用。您的文件会保留。",
    ),
    "news.released.title": ("{name} was released", "{name} 已释放"),
    "news.released.text": ("Your files are kept.", "您的文件已保留。"),
    "news.failed.title": ("{name} could not start", "{name} 启动失败"),
    "news.failed.text": ("{line}", "{line}"),
    "news.refused.title": ("That did not work", "操作未完成"),
    "news.refused.text": ("{text}", "{text}"),
    "news.stop_now": ("Release now", "立即释放"),
    "news.start_again": ("Start again", "重新启动"),
    "news.details": ("Details", "详情"),
    "news.open_failed": (
        "The browser did not open. Copy this address: {url}",
        "浏览器未能打开。请复制此地址：{url}",
    ),
    # Errors by key, where there is a translation (English comes with the error)
    "problem.coordinator-name-unknown": (
        (
            "Cannot reach the coordinator: its name does not resolve. Check the address with IT or "
            "your VPN."
        ),
        "无法连接协调服务器：名称无法解析。请向 IT 核对地址或检查 VPN。",
    ),
    "problem.coordinator-refused": (
        "Cannot reach the coordinator: nothing listens on that port.",
        "无法连接协调服务器：该端口没有服务。请核对端口，或稍后再试。",
    ),
    "problem.coordinator-no-answer": (
        "Cannot reach the coordinator: no answer.",
        "无法连接协调服务器：没有响应。请检查网络、VPN 和防火墙。",
    ),
    "problem.coordinator-unreachable": (
        "Cannot reach the coordinator.",
        "无法连接协调服务器，请检查网络和 VPN。",
    ),
    "problem.coordinator-not-tls": (
        "What answers there does not speak TLS.",
        "该端口不是协调服务器（不支持 TLS），请核对端口。",
    ),
    "problem.coordinator-not-ours": (
        "What answers there is not an AIGC Gateway coordinator.",
        "该地址不是 AIGC Gateway 协调服务器，请核对地址和端口。",
    ),
    "problem.coordinator-slow": (
        "The coordinator did not answer in time.",
        "协调服务器响应超时，请重试。",
    ),
    "problem.pin-mismatch": (
        "The coordinator has another key than the one given.",
        "协调服务器的密钥与预期不符：连接可能被窃听，或服务器已重装。请向 IT 索取新链接。",
    ),
    "problem.address-invalid": (
        "This is not an address: write host:port.",
        "地址无效：请写成 主机：端口，例如 aigc.studio.lan:7443。",
    ),
    "problem.join-link-invalid": (
        "This is not a complete join link.",
        "链接不完整，请重新复制整行。",
    ),
    "problem.clock-off": (
        "This computer's clock is off.",
        "本机时钟与协调服务器相差过大，请开启自动对时后重试。",
    ),
    "problem.version-skew": (
        "The coordinator and this program do not understand each other.",
        "协调服务器与本程序版本不兼容，请安装 IT 提供的版本。",
    ),
    "problem.issuer-unreachable": (
        "Cannot reach the sign-in service.",
        "无法连接登录服务，请检查网络或 VPN 后重试。",
    ),
    "problem.sign-in-expired": (
        "Your sign-in has expired; sign in again.",
        "登录已过期，请重新登录。",
    ),
    "problem.sign-in-denied": (
        "The sign-in service refused.",
        "登录服务拒绝了登录，请重试或联系 IT。",
    ),
    "problem.sign-in-refused": (
        "The sign-in service cannot be trusted with this sign-in.",
        "登录服务的应答不可信，登录已中止。请联系 IT。",
    ),
    "problem.sign-in-timeout": ("Nobody signed in in time.", "登录超时，请重新开始。"),
    "problem.client-config-broken": (
        "The saved settings cannot be used; connect again.",
        "已保存的设置无法使用，请重新连接。",
    ),
    # What the coordinator refuses
    "problem.engine-unknown": ("There is no such engine.", "没有这个引擎，请刷新列表。"),
    "problem.engine-withdrawn": (
        "This engine is no longer in the studio's catalogue; its data is kept.",
        "该引擎已从工作室目录中移除；数据已保留，请联系 IT。",
    ),
    "problem.version-unknown": ("There is no such version.", "没有这个版本，请选择其他版本。"),
    "problem.version-withdrawn": ("This version was withdrawn.", "该版本已停用，请选择其他版本。"),
    "problem.version-while-running": (
        "Stop it before starting another version.",
        "正在运行其他版本，请先停止再更换版本。",
    ),
    "problem.limit-instances": (
        "You have as many instances as the studio allows.",
        "您的实例数量已达上限，请先删除不再需要的实例。",
    ),
    "problem.limit-engine": (
        "You have as many instances of this engine as the studio allows.",
        "您在该引擎下的实例数量已达上限，请使用已有的实例。",
    ),
    "problem.name-taken": ("Another instance has this name.", "已有同名实例，请换一个名称。"),
    "problem.name-invalid": (
        "This name cannot be used.",
        "名称无效：长度须为 1 至规定上限的可见字符。",
    ),
    "problem.instance-unknown": ("This instance is gone.", "该实例不存在，可能已被删除。"),
    "problem.instance-deleted": ("This instance is being deleted.", "该实例正在删除，请新建一个。"),
    "problem.instance-not-running": ("It is not running.", "该实例未在运行，请先启动。"),
    "problem.not-yours": ("It belongs to somebody else.", "该实例属于其他人，请启动自己的实例。"),
    "problem.person-disabled": ("Your account is disabled.", "您的账户已停用，请联系 IT。"),
    "problem.account-disabled": ("Your account is disabled.", "您的账户已停用，请联系 IT。"),
}
