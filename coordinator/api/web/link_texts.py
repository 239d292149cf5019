"""What the page for a former account says, in English and Simplified Chinese; see ``texts``."""

from __future__ import annotations

LINK_TEXTS: dict[str, tuple[str, str]] = {
    "link_title": ("Your former account", "您的原账户"),
    "link_hint": ("The studio moved to another sign-in service.", "工作室已换用其他登录服务。"),
    "link_menu": ("I had an account here before", "我以前在这里有账户"),
    "link_text": (
        (
            "The studio has moved to another sign-in service, so you are new here. If you had an "
            "account before, ask for it: after an admin agrees, your engines and files of then are "
            "yours again, together with what you made meanwhile."
        ),
        (
            "工作室已换用其他登录服务，所以您在这里是新用户。如果您以前有账户，可以申请找回："
            "管理员同意后，以前的引擎和文件以及此后新建的内容都归您所有。"
        ),
    ),
    "link_username": ("User name of your former account", "原账户的用户名"),
    "link_password": ("Its password, if you still know it", "原账户的密码（如果还记得）"),
    "link_password_hint": (
        "It proves that the account was yours. Without it the admin decides by your word.",
        "它能证明该账户属于您。没有密码时，管理员只能凭您的说明决定。",
    ),
    "link_note": ("A word to the admin", "给管理员的留言"),
    "link_ask": ("Ask for it", "提交申请"),
    "link_withdraw": ("Withdraw", "撤回申请"),
    "link_open": (
        "You asked for “{username}” on {when}. An admin decides; until then you can work as usual.",
        "您已于 {when} 申请“{username}”。等待管理员决定，在此之前可以照常使用。",
    ),
    "link_refused": (
        "Your request for “{username}” was refused.",
        "您对“{username}”的申请被拒绝。",
    ),
    "link_done": ("Your former account is linked.", "您的原账户已关联。"),
    "link_none": (
        "There is no former account to ask for.",
        "没有可以申请的原账户。",
    ),
    "error:link-impossible": ("", "没有可以申请的原账户：您已经关联，或者大家的登录方式没有改变。"),
    "error:link-name": ("", "请填写原账户的用户名。"),
    "error:sign-in-used": ("", "此次登录已被使用，请重新登录。"),
}
