<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="zh_CN" sourcelanguage="en_US">
<context>
    <name></name>
    <message id="sign_in.page.done.title">
        <source>You are signed in</source>
        <translation>登录成功</translation>
    </message>
    <message id="sign_in.page.done.text">
        <source>You can close this page and go back to your work.</source>
        <translation>可以关闭此页面，继续您的工作。</translation>
    </message>
    <message id="sign_in.page.failed.title">
        <source>That did not work</source>
        <translation>登录未完成</translation>
    </message>
    <message id="sign_in.page.failed.text">
        <source>You are not signed in. The program that you came from says why; try again there.</source>
        <translation>尚未登录。请返回原来的程序查看原因并重试。</translation>
    </message>
    <message id="sign_in.page.not_ours.title">
        <source>Nothing to see here</source>
        <translation>无效的请求</translation>
    </message>
    <message id="sign_in.page.not_ours.text">
        <source>This page belongs to a sign-in that is over or was never begun. Start it again.</source>
        <translation>此页面不属于正在进行的登录。请重新开始登录。</translation>
    </message>
    <message id="app.name">
        <source>AIGC Gateway</source>
        <translation>AIGC Gateway</translation>
    </message>
    <message id="time.yesterday">
        <source>yesterday {clock}</source>
        <translation>昨天 {clock}</translation>
    </message>
    <message id="time.moment">
        <source>a moment</source>
        <translation>片刻</translation>
    </message>
    <message id="time.minutes">
        <source>{minutes} min</source>
        <translation>{minutes} 分钟</translation>
    </message>
    <message id="time.hours">
        <source>{hours} h</source>
        <translation>{hours} 小时</translation>
    </message>
    <message id="time.hours_minutes">
        <source>{hours} h {minutes} min</source>
        <translation>{hours} 小时 {minutes} 分钟</translation>
    </message>
    <message id="part.image">
        <source>image</source>
        <translation>镜像</translation>
    </message>
    <message id="part.data">
        <source>data</source>
        <translation>数据</translation>
    </message>
    <message id="part.models">
        <source>models</source>
        <translation>模型</translation>
    </message>
    <message id="part.done">
        <source>{part} ready</source>
        <translation>{part}已就绪</translation>
    </message>
    <message id="part.begun">
        <source>{part} …</source>
        <translation>{part} …</translation>
    </message>
    <message id="sign_in.title">
        <source>Sign in to {studio}</source>
        <translation>登录 {studio}</translation>
    </message>
    <message id="sign_in.text">
        <source>Your browser opens for it. Your password is never seen by this program.</source>
        <translation>将在浏览器中登录，本程序不会看到您的密码。</translation>
    </message>
    <message id="sign_in.waiting.title">
        <source>Continue in your browser</source>
        <translation>请在浏览器中继续</translation>
    </message>
    <message id="sign_in.waiting.text">
        <source>Your browser shows the sign-in page. If it did not open, copy this link and open it on this computer.</source>
        <translation>浏览器中已打开登录页面。若未打开，请复制此链接并在本机打开。</translation>
    </message>
    <message id="sign_in.copy">
        <source>Copy link</source>
        <translation>复制链接</translation>
    </message>
    <message id="sign_in.copied">
        <source>Copied</source>
        <translation>已复制</translation>
    </message>
    <message id="sign_in.cancel">
        <source>Cancel</source>
        <translation>取消</translation>
    </message>
</context>
</TS>
