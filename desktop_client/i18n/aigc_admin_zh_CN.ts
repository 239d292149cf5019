<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="zh_CN" sourcelanguage="en_US">
<context>
    <name></name>
    <message id="admin.cancel">
        <source>Cancel</source>
        <translation>取消</translation>
    </message>
</context>
</TS>
