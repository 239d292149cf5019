"""What the pages of sharing and of API tokens say; see ``texts``."""

from __future__ import annotations

SHARE_TEXTS: dict[str, tuple[str, str]] = {
    "share": ("Share…", "共享…"),
    "shared_count": ("Shared: {count}", "已共享：{count}"),
    "started_by": ("Started by {name}", "由 {name} 启动"),
    "shared_title": ("Shared with me", "共享给我的"),
    "shared_of": ("of {owner}", "属于 {owner}"),
    "shared_until": ("until {until}", "至 {until}"),
    "shared_leave": ("Give back", "退出共享"),
    "share_title": ("Share {name}", "共享 {name}"),
    "share_text": (
        (
            "Whoever you let in opens it at its usual address, signed in as themselves, until the "
            "time is over or you end it. Only you can stop or delete it and read its output."
        ),
        (
            "被允许的人以自己的身份登录，在原地址打开，直到时间结束或由您停止共享。"
            "只有您可以停止、删除它或查看其输出。"
        ),
    ),
    "share_who": ("A colleague: name or e-mail address", "同事：姓名或邮箱地址"),
    "share_which": ("Which one is it?", "是哪一位？"),
    "share_or_team": ("Or one of your teams", "或您的一个团队"),
    "share_no_team": ("No team", "不选团队"),
    "share_team_named": ("Team {team}", "团队 {team}"),
    "share_access": ("What they may do", "权限"),
    "share_use": ("Use", "使用"),
    "share_view": ("View only", "仅查看"),
    "share_use_text": (
        (
            "Everything that its pages offer, on your account: work that they start counts as "
            "yours, and opening it starts it."
        ),
        "可使用其页面上的所有功能，计入您的账户：他们启动的任务算作您的，打开时会启动引擎。",
    ),
    "share_view_text": (
        (
            "Only requests that read pass, and it is never started or kept running. An engine that "
            "changes something when a page is merely read is not made safe by this."
        ),
        "只放行读取类请求，不会启动引擎或延长其运行。若引擎在读取页面时也会改动内容，则无法保证安全。",
    ),
    "share_how_long": ("For how long", "共享时长"),
    "share_1h": ("1 hour", "1 小时"),
    "share_4h": ("4 hours", "4 小时"),
    "share_8h": ("8 hours", "8 小时"),
    "share_1d": ("1 day", "1 天"),
    "share_3d": ("3 days", "3 天"),
    "share_7d": ("7 days", "7 天"),
    "share_30d": ("30 days", "30 天"),
    "share_now": ("Share", "共享"),
    "share_list": ("Who may open it now", "当前可打开的人"),
    "share_nobody": ("Nobody but you.", "只有您自己。"),
    "share_end": ("Stop sharing", "停止共享"),
    "tokens_title": ("API tokens", "API 令牌"),
    "tokens_text": (
        (
            "A script signs in with a token in your name, until it ends or you revoke it. Whoever "
            "has it can do what it is for: keep it like a password."
        ),
        "脚本使用令牌以您的名义登录，直到过期或被吊销。持有者可执行令牌允许的操作，请像密码一样保管。",
    ),
    "tokens_none": ("You have no tokens.", "您还没有令牌。"),
    "token_name": ("Name", "名称"),
    "token_good_for": ("Good for", "用途"),
    "token_until": ("Ends", "到期"),
    "token_used": ("Last used", "上次使用"),
    "token_soon": ("ends soon", "即将到期"),
    "token_soon_text": (
        "A token ends soon: make another one before your scripts stop.",
        "有令牌即将到期，请在脚本停止前创建新的令牌。",
    ),
    "token_revoke": ("Revoke", "吊销"),
    "token_new": ("Make a token", "创建令牌"),
    "token_for_api": ("the coordinator's API", "协调器 API"),
    "token_for_engines": ("engines' HTTP APIs", "引擎的 HTTP API"),
    "token_only": ("only {names}", "仅限 {names}"),
    "token_gone": ("a deleted engine", "已删除的引擎"),
    "token_read_only_word": ("read only", "只读"),
    "token_scope": ("What it is for", "用途"),
    "token_scope_api": (
        "The coordinator's API: aigc on a machine without you",
        "协调器 API：在无人值守的机器上运行 aigc",
    ),
    "token_scope_engines": (
        "Engines' own HTTP APIs, through the gateway",
        "通过网关访问引擎自身的 HTTP API",
    ),
    "token_which": ("Which engine", "哪个引擎"),
    "token_every": ("All that I may open", "我能打开的所有引擎"),
    "token_read_only": ("Read only: it changes nothing", "只读：不作任何更改"),
    "token_how_long": ("Good for", "有效期"),
    "token_days": ("{days} days", "{days} 天"),
    "token_make": ("Make the token", "创建令牌"),
    "token_made": ("Your token", "您的令牌"),
    "token_once": (
        "Copy it now: it is shown this once. {name} ends on {until}.",
        "请立即复制：仅显示这一次。{name} 将于 {until} 到期。",
    ),
    "token_use_api": ("For aigc:", "用于 aigc："),
    "token_use_engines": ("For an engine's API:", "用于引擎的 API："),
    # Errors by key; English is the error's own sentence.
    "error:colleague-unknown": ("", "没有这个姓名或邮箱的同事；对方须至少登录过一次。"),
    "error:asked-too-often": ("", "您在短时间内查找了太多人，请稍等一分钟。"),
    "error:share-self": ("", "这本来就是您自己的。"),
    "error:share-whom": ("", "请填写一位同事或选择一个团队。"),
    "error:share-time": ("", "共享时长须在 5 分钟到 30 天之间。"),
    "error:share-access": ("", "请选择“使用”或“仅查看”。"),
    "error:share-limit": ("", "此引擎的共享数量已达上限，请先结束一些，或共享给团队。"),
    "error:share-unknown": ("", "没有这项共享，或已结束。"),
    "error:team-unknown": ("", "您不在该团队中；只能共享给您自己的团队。"),
    "error:instance-deleted": ("", "此引擎正在删除。"),
    "error:token-name": ("", "请为令牌取一个能说明用途的名称。"),
    "error:token-days": ("", "令牌有效期为 1 到 365 天。"),
    "error:token-limit": ("", "您的令牌数量已达上限，请先吊销一些。"),
    "error:token-unknown": ("", "没有这个令牌，请查看令牌列表。"),
    "error:token-scope-unknown": ("", "请选择令牌的用途。"),
    "error:token-instances": ("", "只有用于引擎的令牌才能限定引擎。"),
    "error:instance-unknown": ("", "没有您能打开的这个引擎。"),
}
