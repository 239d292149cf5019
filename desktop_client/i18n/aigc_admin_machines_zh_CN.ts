<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="zh_CN" sourcelanguage="en_US">
<context>
    <name></name>
    <message id="charts.said.hour">
        <source>over the last hour</source>
        <translation>最近一小时</translation>
    </message>
    <message id="charts.said.day">
        <source>over the last day</source>
        <translation>最近一天</translation>
    </message>
    <message id="charts.said.week">
        <source>over the last week</source>
        <translation>最近一周</translation>
    </message>
    <message id="charts.said.one">
        <source>{title} of {name} {span}: {text}</source>
        <translation>{name} {span}的 {title}：{text}</translation>
    </message>
    <message id="charts.said.bare">
        <source>{title} {span}: {text}</source>
        <translation>{span}的 {title}：{text}</translation>
    </message>
    <message id="charts.said.many">
        <source>{title} {span}:</source>
        <translation>{span}的 {title}：</translation>
    </message>
    <message id="charts.said.each">
        <source>{name}: {text}</source>
        <translation>{name}：{text}</translation>
    </message>
    <message id="charts.said.nothing">
        <source>{title} {span}: no reading</source>
        <translation>{span}的 {title}：无读数</translation>
    </message>
    <message id="charts.said.no_reading">
        <source>no reading</source>
        <translation>无读数</translation>
    </message>
    <message id="charts.said.now">
        <source>{low} to {high}, now {last}</source>
        <translation>{low} 至 {high}，当前 {last}</translation>
    </message>
    <message id="charts.said.last">
        <source>{low} to {high}, last {last} at {clock}</source>
        <translation>{low} 至 {high}，最后为 {clock} 的 {last}</translation>
    </message>
    <message id="charts.said.gaps">
        <source>{text}; no reading {gaps}</source>
        <translation>{text}；{gaps} 无读数</translation>
    </message>
    <message id="charts.said.comma">
        <source>, </source>
        <translation>、</translation>
    </message>
    <message id="charts.said.more">
        <source>{listed} and {count} more times</source>
        <translation>{listed} 及另外 {count} 段</translation>
    </message>
    <message id="charts.as_table">
        <source>Table</source>
        <translation>表格</translation>
    </message>
    <message id="charts.as_table.of">
        <source>{title} as a table</source>
        <translation>以表格显示 {title}</translation>
    </message>
    <message id="charts.copy">
        <source>Copy</source>
        <translation>复制</translation>
    </message>
    <message id="charts.copied">
        <source>Copied</source>
        <translation>已复制</translation>
    </message>
    <message id="charts.time">
        <source>Time</source>
        <translation>时间</translation>
    </message>
    <message id="charts.range">
        <source>Time range</source>
        <translation>时间范围</translation>
    </message>
    <message id="charts.range.hour">
        <source>Hour</source>
        <translation>小时</translation>
    </message>
    <message id="charts.range.day">
        <source>Day</source>
        <translation>天</translation>
    </message>
    <message id="charts.range.week">
        <source>Week</source>
        <translation>周</translation>
    </message>
    <message id="charts.as_graph">
        <source>Graph</source>
        <translation>图表</translation>
    </message>
    <message id="charts.as_graph.of">
        <source>{title} as a graph</source>
        <translation>以图表显示 {title}</translation>
    </message>
</context>
</TS>
