"""The catalogue: key -> (English, Simplified Chinese)."""

from __future__ import annotations

MESSAGES: dict[str, tuple[str, str]] = {
    # The browser's last page at sign-in
    "sign_in.page.done.title": ("You are signed in", "登录成功"),
    "sign_in.page.done.text": (
        "You can close this page and go back to your work.",
        "可以关闭此页面,继续您的工作。",
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
}
