<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="zh_CN" sourcelanguage="en_US">
<context>
    <name></name>
    <message id="admin.cancel">
        <source>Cancel</source>
        <translation>取消</translation>
    </message>
    <message id="admin.title">
        <source>{studio} · Admin</source>
        <translation>{studio} · 管理</translation>
    </message>
    <message id="admin.name">
        <source>AIGC Gateway Admin</source>
        <translation>AIGC Gateway 管理</translation>
    </message>
    <message id="admin.page.overview">
        <source>Overview</source>
        <translation>概览</translation>
    </message>
    <message id="admin.page.machines">
        <source>Machines</source>
        <translation>机器</translation>
    </message>
    <message id="admin.page.instances">
        <source>Instances</source>
        <translation>实例</translation>
    </message>
    <message id="admin.page.queue">
        <source>Queue</source>
        <translation>队列</translation>
    </message>
    <message id="admin.page.catalogue">
        <source>Catalogue</source>
        <translation>引擎目录</translation>
    </message>
    <message id="admin.page.people">
        <source>People</source>
        <translation>人员</translation>
    </message>
    <message id="admin.page.audit">
        <source>Audit</source>
        <translation>审计</translation>
    </message>
    <message id="admin.page.settings">
        <source>Settings</source>
        <translation>设置</translation>
    </message>
    <message id="admin.page.shortcut">
        <source>{page} (Ctrl+{number})</source>
        <translation>{page}（Ctrl+{number}）</translation>
    </message>
    <message id="admin.page.badge">
        <source>{page}, {badge}</source>
        <translation>{page}，{badge}</translation>
    </message>
    <message id="admin.table.filter">
        <source>Filter</source>
        <translation>筛选</translation>
    </message>
    <message id="admin.table.filter_help">
        <source>Words, or name:value with - for "not" and &lt; &gt; for numbers. Names: {names}</source>
        <translation>输入关键词，或 名称:值；- 表示排除，&lt; &gt; 比较数字。可用名称：{names}</translation>
    </message>
    <message id="admin.table.more">
        <source>Columns, copy, export</source>
        <translation>列、复制与导出</translation>
    </message>
    <message id="admin.table.clear">
        <source>Clear the filter</source>
        <translation>清除筛选</translation>
    </message>
    <message id="admin.table.count">
        <source>{total}</source>
        <translation>共 {total} 项</translation>
    </message>
    <message id="admin.table.count_of">
        <source>{shown} of {total}</source>
        <translation>{shown} / {total}</translation>
    </message>
    <message id="admin.table.empty">
        <source>Nothing here yet</source>
        <translation>暂无内容</translation>
    </message>
    <message id="admin.table.no_match">
        <source>Nothing matches the filter</source>
        <translation>没有符合筛选条件的内容</translation>
    </message>
    <message id="admin.table.copy">
        <source>Copy</source>
        <translation>复制</translation>
    </message>
    <message id="admin.table.copy_header">
        <source>Copy with column names</source>
        <translation>复制（含列名）</translation>
    </message>
    <message id="admin.table.select_all">
        <source>Select all</source>
        <translation>全选</translation>
    </message>
    <message id="admin.table.export">
        <source>Export as CSV…</source>
        <translation>导出为 CSV…</translation>
    </message>
    <message id="admin.table.exported">
        <source>{count} rows written to {path}</source>
        <translation>已将 {count} 行写入 {path}</translation>
    </message>
    <message id="admin.table.columns">
        <source>Columns</source>
        <translation>显示列</translation>
    </message>
    <message id="admin.table.columns_reset">
        <source>Reset columns</source>
        <translation>恢复默认列</translation>
    </message>
    <message id="admin.filter.unclosed">
        <source>The quotation mark before {text} is not closed.</source>
        <translation>{text} 前的引号没有闭合。</translation>
    </message>
    <message id="admin.filter.unknown">
        <source>There is no column {key}; there are {names}.</source>
        <translation>没有名为 {key} 的列；可用的有：{names}。</translation>
    </message>
    <message id="admin.filter.no_number">
        <source>{key} holds no numbers: use {key}:text.</source>
        <translation>{key} 列不是数字，请使用 {key}:文本。</translation>
    </message>
    <message id="admin.filter.needs_number">
        <source>{key}{op} needs a number after it.</source>
        <translation>{key}{op} 后面需要一个数字。</translation>
    </message>
</context>
</TS>
