"""What the pages of local accounts say, in English and Simplified Chinese; see ``texts``."""

from __future__ import annotations

ACCOUNT_TEXTS: dict[str, tuple[str, str]] = {
    # The second step of a sign-in.
    "second_title": ("One more step", "还差一步"),
    "second_text": (
        "Enter the six-digit code that your authenticator app shows now.",
        "请输入身份验证器应用当前显示的六位数字。",
    ),
    "code_label": ("Code from the app, or a recovery code", "应用中的验证码或恢复码"),
    "second_lost": (
        "New phone, and no recovery codes? IT can reset your second factor.",
        "换了手机又没有恢复码？IT 可以重置您的双重验证。",
    ),
    # One's own account.
    "account_title": ("Your account", "您的账户"),
    "factor_title": ("Second factor", "双重验证"),
    "factor_on": (
        "On since {since}. Unused recovery codes: {left}.",
        "自 {since} 起已启用。剩余恢复码：{left} 个。",
    ),
    "factor_off": (
        "Off. With it, a stolen password alone opens nothing.",
        "未启用。启用后，仅凭被盗的密码无法登录。",
    ),
    "factor_change": ("Recovery codes, or remove", "恢复码或移除"),
    "factor_begin": ("Set up", "设置"),
    "factor_text": (
        (
            "Besides your password, signing in will ask for a code that an app on your phone "
            "shows. Any authenticator app will do. You are signed out everywhere else."
        ),
        "启用后，登录时除密码外还需输入手机应用显示的验证码。任何身份验证器应用均可。您在其他地方的登录都会退出。",
    ),
    "factor_must": (
        (
            "Your studio asks for a second factor: a code that an app on your phone shows. Any "
            "authenticator app will do."
        ),
        "您的工作室要求双重验证：登录时需输入手机应用显示的验证码。任何身份验证器应用均可。",
    ),
    "factor_scan": ("Scan this with the app.", "用应用扫描此二维码。"),
    "factor_type": ("Or type this into it:", "或手动输入："),
    "factor_confirm": ("Enter the code that it shows now.", "输入应用当前显示的验证码。"),
    "factor_turn_on": ("Turn on", "启用"),
    "factor_remove": ("Remove the second factor", "移除双重验证"),
    "recovery_new": ("New recovery codes", "生成新的恢复码"),
    "recovery_title": ("Your recovery codes", "您的恢复码"),
    "recovery_text": (
        (
            "Each of these stands in for your phone once. They are shown this once: print them or "
            "keep them in your password manager."
        ),
        "每个恢复码可代替手机使用一次，仅在此显示一次：请打印或保存到密码管理器。",
    ),
    "recovery_kept": ("I have kept them", "我已保存"),
    "others_title": ("Other places", "其他位置"),
    "others_text": (
        "Every other browser, tray app and command line that is signed in as you. API tokens stay.",
        "以您的身份登录的其他浏览器、托盘应用和命令行。API 令牌保持有效。",
    ),
    "others_end": ("Sign out everywhere else", "在其他位置退出登录"),
    "others_ended": (
        "Signed out elsewhere: {count} programs and browsers.",
        "已在其他位置退出：{count} 个程序和浏览器。",
    ),
    "password_saved": (
        "Your password is changed. You are signed out everywhere else.",
        "密码已更改，您在其他地方的登录已退出。",
    ),
    # The device flow.
    "sign_in_device": (
        "Sign in to let a program on another machine in.",
        "请登录，以便允许另一台机器上的程序登录。",
    ),
    "device_title": ("Sign in on another machine", "在另一台机器上登录"),
    "device_text": (
        "The command line on that machine shows a code. Enter it here.",
        "那台机器上的命令行会显示一个代码，请在此输入。",
    ),
    "device_code": ("Code", "代码"),
    "device_ask": ("Let this program sign in as {name}?", "允许此程序以 {name} 的身份登录？"),
    "device_name": ("It calls itself", "程序自称"),
    "device_nameless": ("nothing", "未提供名称"),
    "device_address": ("It asks from", "请求来自"),
    "device_same": ("(as you do)", "（与您相同）"),
    "device_when": ("It began", "开始时间"),
    "device_now": ("just now", "刚刚"),
    "device_ago": ("{minutes} min ago", "{minutes} 分钟前"),
    "device_warning": (
        (
            "Say yes only if you started it yourself just now and it shows this very code. "
            "Nobody from IT will ever send you a code to enter here."
        ),
        (
            "仅当您刚刚亲自启动了该程序且其显示的代码与此一致时才允许。"
            "IT 绝不会向您发送代码让您在此输入。"
        ),
    ),
    "device_yes": ("Yes, let it in", "是，允许登录"),
    "device_no": ("No", "否"),
    "device_done_title": ("Done", "完成"),
    "device_done": (
        "The program is signed in within a few seconds. You may close this page.",
        "程序将在几秒内完成登录。您可以关闭此页面。",
    ),
    "device_refused_title": ("Refused", "已拒绝"),
    "device_refused": (
        "The program was turned away. If you did not start it, tell IT who gave you the code.",
        "已拒绝该程序。如果不是您启动的，请告诉 IT 是谁给了您代码。",
    ),
    "device_gone": (
        "Nothing waits for this code any more: it was answered already, or ten minutes are over.",
        "此代码已失效：可能已被处理，或已超过十分钟。",
    ),
    "device_again": ("Enter another code", "输入其他代码"),
    # IT's pages about people.
    "people_title": ("People", "人员"),
    "person_new": ("New account", "新建账户"),
    "person_new_text": (
        "The person signs in with a one-time password, once, and then chooses another.",
        "对方使用一次性密码登录一次，然后自行设置新密码。",
    ),
    "person_make": ("Create the account", "创建账户"),
    "person_own": ("This is you.", "这是您自己。"),
    "col_name": ("Name", "姓名"),
    "col_role": ("Role", "角色"),
    "col_state": ("State", "状态"),
    "col_email": ("E-mail", "邮箱"),
    "col_teams": ("Teams", "团队"),
    "col_account": ("Account", "账户"),
    "col_sessions": ("Signed in", "登录数"),
    "col_tokens": ("API tokens", "API 令牌"),
    "col_seen": ("Last seen", "最近登录"),
    "state_disabled": ("disabled", "已停用"),
    "state_one_time": ("one-time password", "一次性密码"),
    "state_local": ("local account", "本地账户"),
    "state_foreign": ("from the provider", "来自身份提供方"),
    "on": ("on", "已启用"),
    "off": ("off", "未启用"),
    "never": ("never", "从未"),
    "role_creator": ("creator", "创作者"),
    "role_team_lead": ("team lead", "团队负责人"),
    "role_auditor": ("auditor", "审计员"),
    "role_admin": ("admin", "管理员"),
    "act_reset_password": ("Reset the password", "重置密码"),
    "act_reset_second_factor": ("Reset the second factor", "重置双重验证"),
    "act_disable": ("Disable", "停用"),
    "act_enable": ("Enable", "启用"),
    "act_sign_out": ("Sign out everywhere", "在所有位置退出登录"),
    "act_role": ("Change the role", "更改角色"),
    "ask_reset_password": (
        (
            "{name} gets a one-time password, which you pass on. Whatever they are signed in with "
            "now ({sessions}) ends at once; API tokens ({tokens}) stay."
        ),
        (
            "{name} 将获得一次性密码，由您转交。"
            "其当前登录（{sessions} 个）立即失效；API 令牌（{tokens} 个）保留。"
        ),
    ),
    "ask_reset_second_factor": (
        (
            "{name} signs in with the password alone, until a new second factor is set up. Be sure "
            "that it is {name} who asks. Whatever they are signed in with now ({sessions}) ends at "
            "once; API tokens ({tokens}) stay."
        ),
        (
            "在设置新的双重验证之前，{name} 仅凭密码登录。请确认确实是 {name} 本人提出的请求。"
            "其当前登录（{sessions} 个）立即失效；API 令牌（{tokens} 个）保留。"
        ),
    ),
    "ask_disable": (
        (
            "{name} is locked out at once: what they are signed in with ({sessions}) and their API "
            "tokens ({tokens}) end, open pages close. Running engines run on until they are "
            "released or stopped."
        ),
        (
            "{name} 将无法登录：{sessions} 个登录和 {tokens} 个 API 令牌立即失效，打开的页面关闭。"
            "运行中的引擎会继续，直到被释放或停止。"
        ),
    ),
    "ask_enable": ("{name} may sign in again.", "{name} 可以重新登录。"),
    "ask_sign_out": (
        (
            "{name} is signed out of every program and browser at once ({sessions}). API tokens "
            "({tokens}) and running engines stay."
        ),
        "{name} 将立即从 {sessions} 个程序和浏览器退出。{tokens} 个 API 令牌和运行中的引擎保留。",
    ),
    "ask_role": (
        "The role that you give here wins over what the sign-in says of {name}.",
        "您在此指定的角色优先于登录服务给出的 {name} 的角色。",
    ),
    "one_time_title": ("One-time password of {name}", "{name} 的一次性密码"),
    "one_time_text": (
        "It is shown this once. Pass it on; at the first sign-in another must be chosen.",
        "仅显示一次，请转交本人；首次登录时须更换。",
    ),
    "one_time_until": ("Good until {until}.", "有效期至 {until}。"),
    "one_time_label": ("One-time password", "一次性密码"),
    "one_time_told": ("I have passed it on", "我已转交"),
    # Errors by key.
    "error:second-factor-wrong": (
        "",
        "验证码错误或已被使用。请使用应用中最新的验证码，或使用恢复码。",
    ),
    "error:second-factor-there": ("", "您已设置双重验证。如需更换，请先移除。"),
    "error:second-factor-none": ("", "此账户没有双重验证。"),
    "error:second-factor-demanded": ("", "您的工作室要求您使用双重验证；如更换手机，IT 可以重置。"),
    "error:second-factor-unreadable": ("", "双重验证由另一个密钥加密，请联系 IT 重置。"),
    "error:sign-in-old": ("", "此操作需要最近十分钟内登录过，请重新登录。"),
    "error:sign-in-not-fresh": (
        "",
        (
            "登录服务未说明您是刚刚登录的（auth_time），而此页面需要该信息。"
            "请使用管理窗口或命令行，或让登录服务在 ID 令牌中加入 auth_time。"
        ),
    ),
    "error:device-code-unknown": ("", "没有程序在等待此代码。请核对；代码十分钟内有效。"),
    "error:device-codes-waiting": ("", "等待输入代码的程序过多，请几分钟后再试。"),
    "error:admins-only": ("", "此页面仅供管理员使用。"),
    "error:account-unknown": ("", "此人没有本地账户。"),
    "error:no-local-accounts": ("", "此工作室使用外部身份提供方，请在那里创建账户。"),
    "error:last-admin": ("", "这是最后一位管理员：请先将其他人设为管理员。"),
    "error:role-unknown": ("", "没有这个角色。"),
}
