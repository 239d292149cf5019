"""What the pages say, in both languages."""

from __future__ import annotations

from coordinator.api.web.account_texts import ACCOUNT_TEXTS
from coordinator.api.web.link_texts import LINK_TEXTS
from coordinator.api.web.share_texts import SHARE_TEXTS

_TEXTS: dict[str, tuple[str, str]] = {
    "my_engines": ("My engines", "我的引擎"),
    "sign_in": ("Sign in", "登录"),
    "sign_in_to": ("Sign in to {studio}", "登录 {studio}"),
    "sign_in_native": (
        "A program on your computer asks you to sign in.",
        "您电脑上的程序请求您登录。",
    ),
    "sign_out": ("Sign out", "退出登录"),
    "signed_out": ("You are signed out", "您已退出登录"),
    "signed_out_text": (
        "Your engines keep running until nobody uses them. Close this tab on a borrowed machine.",
        "您的引擎会继续运行，无人使用时自动释放。如果这是借用的电脑，请关闭此标签页。",
    ),
    "signed_out_elsewhere": ("Sign out of the sign-in service too", "同时退出登录服务"),
    "sign_in_again": ("Sign in again", "重新登录"),
    "username": ("User name", "用户名"),
    "password": ("Password", "密码"),
    "forgot": (
        "Forgotten? IT can give you a one-time password.",
        "忘记密码？请向 IT 索取一次性密码。",
    ),
    "first_admin_hint": (
        "This studio has no admin yet.",
        "此工作室还没有管理员。",
    ),
    "first_admin_link": ("Set it up", "开始设置"),
    "setup_title": ("Set up {studio}", "设置 {studio}"),
    "setup_text": (
        (
            "Whoever has the one-time code becomes the first admin. The code is in the "
            "file “first-admin-code” in the coordinator's state folder."
        ),
        "持有一次性代码的人将成为首位管理员。代码在协调器状态文件夹的“first-admin-code”文件中。",
    ),
    "setup_external": (
        "You are signed in. The code makes you the first admin.",
        "您已登录。输入代码即可成为首位管理员。",
    ),
    "code": ("One-time code", "一次性代码"),
    "your_name": ("Your name", "您的姓名"),
    "new_password": ("New password", "新密码"),
    "password_rule": ("At least 10 characters.", "至少 10 个字符。"),
    "create_admin": ("Create the admin", "创建管理员"),
    "become_admin": ("Become admin", "成为管理员"),
    "password_title": ("Choose your password", "设置您的密码"),
    "password_must": (
        "You signed in with a one-time password. Choose your own to go on.",
        "您使用了一次性密码登录。请设置自己的密码后继续。",
    ),
    "password_text": (
        "Afterwards you are signed out everywhere else.",
        "更改后，您在其他地方的登录都会退出。",
    ),
    "current_password": ("Current password", "当前密码"),
    "again": ("New password again", "再次输入新密码"),
    "save_password": ("Save the password", "保存密码"),
    "change_password": ("Change password", "更改密码"),
    "consent_title": ("Continue as {name}?", "以 {name} 的身份继续？"),
    "consent_text": (
        (
            "The AIGC tray app or command line on this computer wants to sign in as {username}. "
            "Continue only if you have just started it yourself."
        ),
        (
            "此电脑上的 AIGC 托盘应用或命令行请求以 {username} 的身份登录。"
            "仅当您刚刚自己启动了它时才继续。"
        ),
    ),
    "continue": ("Continue", "继续"),
    "other_account": ("Use another account", "使用其他账户"),
    "end_title": ("Sign out?", "退出登录？"),
    "end_text": ("You are signed in as {name}.", "您当前以 {name} 的身份登录。"),
    "running_title": ("Your engines", "您的引擎"),
    "nothing_yet": (
        "You have no engine yet. Start one below.",
        "您还没有引擎。请在下方启动一个。",
    ),
    "offer_title": ("Start an engine", "启动引擎"),
    "no_engines": (
        "Your studio has not published an engine yet. Ask IT.",
        "您的工作室尚未发布引擎。请联系 IT。",
    ),
    "enough_engines": (
        "You have {count} engines, as many as one person may have. Delete one to start another.",
        "您已有 {count} 个引擎，达到个人上限。删除一个后才能启动其他引擎。",
    ),
    "version": ("Version", "版本"),
    "name_optional": ("Name (optional)", "名称（可选）"),
    "more_options": ("Version and name", "版本与名称"),
    "open": ("Open", "打开"),
    "start": ("Start", "启动"),
    "retry": ("Try again", "重试"),
    "cancel": ("Cancel", "取消"),
    "keep": ("Keep running", "继续使用"),
    "stop": ("Stop", "停止"),
    "delete": ("Delete…", "删除…"),
    "more": ("More", "更多"),
    "simulated": ("simulated GPU", "模拟 GPU"),
    "part_image": ("Image", "镜像"),
    "part_data": ("Your data", "您的数据"),
    "part_models": ("Models", "模型"),
    "refused_line": (
        "Not let out to the network: {count} attempts ({places})",
        "已拦截的网络访问：{count} 次（{places}）",
    ),
    "part_done": ("done", "完成"),
    "delete_title": ("Delete {name}?", "删除 {name}？"),
    "delete_text": (
        (
            "{name} and its files ({size}) go to the trash. You can bring them back from there for "
            "{days} days, at a new address; then they are gone. "
            "To free its card, stopping is enough: it keeps your files."
        ),
        (
            "{name} 及其文件（{size}）将移入回收站。{days} 天内您可以从回收站恢复（地址会改变），"
            "之后将永久删除。如果只想释放显卡，停止即可，文件会保留。"
        ),
    ),
    "size_unknown": ("size unknown", "大小未知"),
    "trash_title": ("Trash", "回收站"),
    "trash_text": (
        "What you deleted and can still have back: with all its files, at a new address.",
        "您已删除但仍可恢复的引擎：文件全部保留，地址会改变。",
    ),
    "restore": ("Restore", "恢复"),
    "delete_now": ("Delete {name}", "删除 {name}"),
    "back": ("Back", "返回"),
    "error_title": ("That did not work", "操作未完成"),
    "no_page": ("There is no such page.", "没有这个页面。"),
    "our_fault": (
        "Something is broken on our side. Tell IT what you did and when.",
        "系统内部出错。请将您的操作和时间告知 IT。",
    ),
    "bad_request": (
        (
            "The program that sent you here made a mistake in its request. Start again from there; "
            "if it stays so, tell IT."
        ),
        "将您带到此处的程序请求有误。请从该程序重新开始；如仍然如此，请告知 IT。",
    ),
    "bad_return": (
        "The address to return to after signing out is not one of ours.",
        "退出登录后要返回的地址不属于本系统。",
    ),
    "trust_title": ("Trust this studio's pages", "信任此工作室的页面"),
    "trust_own": (
        (
            "This studio has a certificate authority of its own. Until your computer trusts it, "
            "the browser warns of these pages and of your engines."
        ),
        "此工作室使用自己的证书颁发机构。在您的电脑信任它之前，浏览器会对这些页面和您的引擎发出警告。",
    ),
    "trust_public": (
        "These pages use your organisation's own certificate. There is nothing to install.",
        "这些页面使用您单位自己的证书，无需安装任何内容。",
    ),
    "trust_download": ("Download the certificate", "下载证书"),
    "trust_second": (
        (
            "The authority is being changed: add this second certificate too, and your browser "
            "will not notice the change."
        ),
        "证书颁发机构正在更换：请同时添加第二份证书，这样浏览器就不会受到影响。",
    ),
    "trust_download_second": ("Download the second certificate", "下载第二份证书"),
    "trust_check": (
        "Compare this fingerprint with the one that IT gave you before you install it:",
        "安装前，请与 IT 提供的指纹核对：",
    ),
    "trust_windows": (
        (
            "Windows: open the file, Install Certificate, Local Machine or Current User, place it "
            "in Trusted Root Certification Authorities."
        ),
        "Windows：打开文件，选择“安装证书”，本地计算机或当前用户，放入“受信任的根证书颁发机构”。",
    ),
    "trust_macos": (
        "macOS: open the file with Keychain Access, then set it to Always Trust.",
        "macOS：用“钥匙串访问”打开文件，然后设为“始终信任”。",
    ),
    "trust_linux": (
        (
            "Linux: copy it to /usr/local/share/ca-certificates/ and run update-ca-certificates; "
            "in Chrome and Chromium import it under Settings, Privacy and security, Security, "
            "Manage certificates, Authorities. Firefox has a list of its own: Settings, "
            "Certificates."
        ),
        (
            "Linux：复制到 /usr/local/share/ca-certificates/ 并运行 update-ca-certificates；"
            "Chrome 与 Chromium 在“设置 → 隐私和安全 → 安全 → 管理证书 → 授权机构”中导入。"
            "Firefox 有自己的列表：设置 → 证书。"
        ),
    ),
    "language": ("中文", "English"),
    # Errors by key, where a page shows them; English is the error's own sentence.
    "error:sign-in-wrong": ("", "用户名或密码错误。IT 可以为您提供新的一次性密码。"),
    "error:too-many-attempts": ("", "尝试次数过多：请等待 {wait} 秒后再试。"),
    "error:sign-in-busy": ("", "当前登录的人太多，请几秒后再试。"),
    "error:account-disabled": ("", "此账户已停用，请联系 IT。"),
    "error:signed-out": ("", "您尚未登录或登录已失效，请重新登录。"),
    "error:form-stale": ("", "此页面已过期或缺少 Cookie，请刷新后重试。"),
    "error:foreign-origin": ("", "此表单必须从本站提交，请直接打开本站页面。"),
    "error:sign-in-refused": ("", "登录被拒绝，请重新登录；如仍然如此，请告知 IT。"),
    "error:issuer-unreachable": ("", "无法连接登录服务，请稍后再试或告知 IT。"),
    "error:setup-code": (
        "",
        "代码不正确、已被使用或已超过一天。重启协调器后，状态文件夹中会写入新的代码。",
    ),
    "error:password-short": ("", "密码太短：至少需要 10 个字符。"),
    "error:password-long": ("", "密码太长：最多 256 个字符。"),
    "error:password-weak": ("", "密码太容易被猜到，请换用其他词语或更多符号。"),
    "error:password-differs": ("", "两次输入的新密码不一致。"),
    "error:password-same": ("", "新密码不能与旧密码相同。"),
    "error:username-invalid": ("", "用户名不可用：请使用字母、数字和 . _ @ + -，最多 64 个字符。"),
    "error:username-taken": ("", "该用户名已被使用，请换一个。"),
    "error:not-yours": ("", "此引擎属于其他人。"),
    "error:limit-instances": ("", "您的引擎数量已达个人上限。请先删除不再需要的引擎。"),
    "error:limit-engine": ("", "此引擎您已拥有工作室允许的数量。请使用已有的，或先将其删除。"),
    "error:not-in-trash": ("", "您的回收站中没有此项。"),
    "error:not-deleted": ("", "此引擎并未删除，可直接启动。"),
    "error:still-deleting": ("", "此引擎正在停止。移入回收站后即可恢复。"),
    "error:restored-already": ("", "此引擎已恢复，请查看您的引擎列表。"),
    "error:trash-over": ("", "保留期限已过，数据已删除或正在删除。如有备份，请联系 IT。"),
    "error:host-unknown": ("", "此地址没有引擎，可能已被删除。请查看您的引擎列表。"),
    "error:page-unknown": ("", "没有这个页面或引擎，可能已不存在。"),
    "error:handoff-invalid": ("", "此链接不完整，请重新打开引擎页面。"),
}
_TEXTS |= ACCOUNT_TEXTS
_TEXTS |= SHARE_TEXTS
_TEXTS |= LINK_TEXTS


def text(key: str, language: str, otherwise: str = "", **names: object) -> str:
    """The text of that key; ``otherwise`` where an error has no translation."""
    found = _TEXTS.get(key)
    if found is None:
        if otherwise:
            return otherwise
        raise KeyError(key)
    return found[1 if language == "zh" else 0].format(**names)
