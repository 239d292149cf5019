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
        <source>{listed} and {count} more</source>
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
    <message id="machines.comma">
        <source>, </source>
        <translation>、</translation>
    </message>
    <message id="machines.standing.online">
        <source>Online</source>
        <translation>在线</translation>
    </message>
    <message id="machines.standing.draining">
        <source>Draining</source>
        <translation>维护中</translation>
    </message>
    <message id="machines.standing.cannot-start">
        <source>Cannot start</source>
        <translation>无法启动</translation>
    </message>
    <message id="machines.standing.offline">
        <source>Offline</source>
        <translation>离线</translation>
    </message>
    <message id="machines.standing.revoked">
        <source>Revoked</source>
        <translation>已吊销</translation>
    </message>
    <message id="machines.takes.online">
        <source>takes engines</source>
        <translation>接收引擎</translation>
    </message>
    <message id="machines.takes.draining">
        <source>no new ones: drained by IT</source>
        <translation>不接收新引擎：已由 IT 设为维护</translation>
    </message>
    <message id="machines.takes.cannot-start">
        <source>none: it cannot start them</source>
        <translation>不接收：无法启动引擎</translation>
    </message>
    <message id="machines.takes.offline">
        <source>none: it does not answer</source>
        <translation>不接收：无响应</translation>
    </message>
    <message id="machines.takes.offline_draining">
        <source>none: it does not answer, and IT drains it</source>
        <translation>不接收：无响应且维护中</translation>
    </message>
    <message id="machines.takes.revoked">
        <source>none: its certificate was revoked</source>
        <translation>不接收：证书已吊销</translation>
    </message>
    <message id="machines.door.closed">
        <source>Closed</source>
        <translation>仅限网关</translation>
    </message>
    <message id="machines.door.open-to-local-users">
        <source>Open to local users</source>
        <translation>对本机用户开放</translation>
    </message>
    <message id="machines.door.closed.meaning">
        <source>Only the gateway reaches the engines here; whoever has an account on this machine does not.</source>
        <translation>只有网关能访问此机器上的引擎，机器上的其他账户无法访问。</translation>
    </message>
    <message id="machines.door.open-to-local-users.meaning">
        <source>Whoever has an account on this machine can reach the engines on it without signing in. Give such accounts only to people who may see them all.</source>
        <translation>在此机器上拥有账户的人无需登录即可访问其上的引擎。请只把账户交给可以查看所有引擎的人。</translation>
    </message>
    <message id="machines.seen.now">
        <source>now</source>
        <translation>现在</translation>
    </message>
    <message id="machines.problems.more">
        <source>{first} (and {count} more)</source>
        <translation>{first}（另有 {count} 项）</translation>
    </message>
    <message id="machines.problem.ledger">
        <source>It obeys another ledger (an old backup or an empty one came back): it follows no order of this coordinator until you accept this ledger.</source>
        <translation>它遵循另一份账本（可能恢复了旧备份或空账本）：在您接受当前账本之前，它不会执行此协调器的指令。</translation>
    </message>
    <message id="machines.problem.cannot_start">
        <source>It cannot start engines now.</source>
        <translation>目前无法启动引擎。</translation>
    </message>
    <message id="machines.problem.quarantined">
        <source>Set aside, because their memory is not proven free after their last engine: {cards}.</source>
        <translation>已隔离（上一个引擎结束后未能确认显存已释放）：{cards}。</translation>
    </message>
    <message id="machines.problem.unclaimed">
        <source>{count} containers run there that the ledger knows nothing of.</source>
        <translation>有 {count} 个账本中没有记录的容器正在运行。</translation>
    </message>
    <message id="machines.problem.unclaimed.one">
        <source>A container runs there that the ledger knows nothing of.</source>
        <translation>有 1 个账本中没有记录的容器正在运行。</translation>
    </message>
    <message id="machines.docker.process">
        <source>none (processes)</source>
        <translation>无（进程方式）</translation>
    </message>
    <message id="machines.simulated.behind">
        <source>{text} (simulated)</source>
        <translation>{text}（模拟）</translation>
    </message>
    <message id="machines.column.state">
        <source>State</source>
        <translation>状态</translation>
    </message>
    <message id="machines.column.name">
        <source>Machine</source>
        <translation>机器</translation>
    </message>
    <message id="machines.column.pool">
        <source>Pool</source>
        <translation>资源池</translation>
    </message>
    <message id="machines.column.labels">
        <source>Labels</source>
        <translation>标签</translation>
    </message>
    <message id="machines.column.seen">
        <source>Last seen</source>
        <translation>最后响应</translation>
    </message>
    <message id="machines.column.cards">
        <source>Cards</source>
        <translation>显卡</translation>
    </message>
    <message id="machines.column.cards.meaning">
        <source>Cards that engines hold, of all its cards</source>
        <translation>引擎占用的显卡 / 显卡总数</translation>
    </message>
    <message id="machines.column.model">
        <source>GPU models</source>
        <translation>显卡型号</translation>
    </message>
    <message id="machines.column.use">
        <source>GPU use</source>
        <translation>GPU 利用率</translation>
    </message>
    <message id="machines.column.use.meaning">
        <source>Mean of the cards that report it</source>
        <translation>有读数的显卡的平均值</translation>
    </message>
    <message id="machines.column.vram">
        <source>VRAM</source>
        <translation>显存</translation>
    </message>
    <message id="machines.column.vram_total">
        <source>VRAM in all</source>
        <translation>显存总量</translation>
    </message>
    <message id="machines.column.temperature">
        <source>Temp.</source>
        <translation>温度</translation>
    </message>
    <message id="machines.column.temperature.meaning">
        <source>Of the hottest card</source>
        <translation>最热的显卡</translation>
    </message>
    <message id="machines.column.instances">
        <source>Instances</source>
        <translation>实例</translation>
    </message>
    <message id="machines.column.takes">
        <source>Takes engines</source>
        <translation>是否接收引擎</translation>
    </message>
    <message id="machines.column.disk">
        <source>Disk free</source>
        <translation>可用磁盘</translation>
    </message>
    <message id="machines.column.driver">
        <source>NVIDIA driver</source>
        <translation>NVIDIA 驱动</translation>
    </message>
    <message id="machines.column.docker">
        <source>Docker</source>
        <translation>Docker 版本</translation>
    </message>
    <message id="machines.column.agent">
        <source>Agent</source>
        <translation>代理程序版本</translation>
    </message>
    <message id="machines.column.door">
        <source>Door</source>
        <translation>引擎入口</translation>
    </message>
    <message id="machines.column.problems">
        <source>Problems</source>
        <translation>问题</translation>
    </message>
    <message id="machines.column.joined">
        <source>Joined</source>
        <translation>加入时间</translation>
    </message>
    <message id="machines.column.id">
        <source>ID</source>
        <translation>标识</translation>
    </message>
    <message id="machines.column.holder">
        <source>Held by</source>
        <translation>占用者</translation>
    </message>
    <message id="machines.column.gpu_use">
        <source>Use</source>
        <translation>利用率</translation>
    </message>
    <message id="machines.column.power">
        <source>Power</source>
        <translation>功耗</translation>
    </message>
    <message id="machines.column.pci">
        <source>PCI</source>
        <translation>PCI 地址</translation>
    </message>
    <message id="machines.column.uuid">
        <source>UUID</source>
        <translation>显卡 UUID</translation>
    </message>
    <message id="machines.gpu.free">
        <source>Free</source>
        <translation>空闲</translation>
    </message>
    <message id="machines.gpu.held">
        <source>Held</source>
        <translation>已占用</translation>
    </message>
    <message id="machines.gpu.quarantined">
        <source>Set aside</source>
        <translation>已隔离</translation>
    </message>
    <message id="machines.act.drain">
        <source>Drain…</source>
        <translation>设为维护…</translation>
    </message>
    <message id="machines.act.undrain">
        <source>Take engines again</source>
        <translation>恢复接收引擎</translation>
    </message>
    <message id="machines.act.rename">
        <source>Rename…</source>
        <translation>重命名…</translation>
    </message>
    <message id="machines.act.pool">
        <source>Move to a pool…</source>
        <translation>移到资源池…</translation>
    </message>
    <message id="machines.act.labels">
        <source>Labels…</source>
        <translation>标签…</translation>
    </message>
    <message id="machines.act.accept-ledger">
        <source>Accept this ledger…</source>
        <translation>接受当前账本…</translation>
    </message>
    <message id="machines.act.declare-off">
        <source>Declare off…</source>
        <translation>声明已关机…</translation>
    </message>
    <message id="machines.act.revoke">
        <source>Revoke…</source>
        <translation>吊销证书…</translation>
    </message>
    <message id="machines.count">
        <source>{count} machines</source>
        <translation>{count} 台机器</translation>
    </message>
    <message id="machines.drain.title">
        <source>Drain {names}: {what}</source>
        <translation>将 {names} 设为维护：{what}</translation>
    </message>
    <message id="machines.drain.verb">
        <source>Drain {name}</source>
        <translation>将 {name} 设为维护</translation>
    </message>
    <message id="machines.drain.verb.more">
        <source>Drain {count} machines</source>
        <translation>将 {count} 台机器设为维护</translation>
    </message>
    <message id="machines.drain.sentence">
        <source>What runs goes on until it ends; nothing new starts there until you take it back. An engine whose files are there waits meanwhile.</source>
        <translation>正在运行的引擎会继续运行直到结束；在您恢复之前，不会有新引擎在此启动。文件在此机器上的引擎需要等待。</translation>
    </message>
    <message id="machines.drain.nobody">
        <source>nobody works there</source>
        <translation>当前无人使用</translation>
    </message>
    <message id="machines.drain.one">
        <source>1 creator keeps working</source>
        <translation>1 位创作者可继续使用</translation>
    </message>
    <message id="machines.drain.people">
        <source>{count} creators keep working</source>
        <translation>{count} 位创作者可继续使用</translation>
    </message>
    <message id="machines.drain.both">
        <source>{work}, {waiting}</source>
        <translation>{work}，{waiting}</translation>
    </message>
    <message id="machines.drain.queued.one">
        <source>1 queued goes elsewhere</source>
        <translation>1 个排队请求将转到其他机器</translation>
    </message>
    <message id="machines.drain.queued.more">
        <source>{count} queued go elsewhere</source>
        <translation>{count} 个排队请求将转到其他机器</translation>
    </message>
    <message id="machines.drain.stuck.one">
        <source>1 queued waits: no other machine takes engines</source>
        <translation>1 个排队请求需等待：没有其他机器接收引擎</translation>
    </message>
    <message id="machines.drain.stuck.more">
        <source>{count} queued wait: no other machine takes engines</source>
        <translation>{count} 个排队请求需等待：没有其他机器接收引擎</translation>
    </message>
    <message id="machines.revoke.title">
        <source>Revoke {names}: {what}</source>
        <translation>吊销 {names} 的证书：{what}</translation>
    </message>
    <message id="machines.revoke.verb">
        <source>Revoke {name}</source>
        <translation>吊销 {name}</translation>
    </message>
    <message id="machines.revoke.verb.more">
        <source>Revoke {count} machines</source>
        <translation>吊销 {count} 台机器</translation>
    </message>
    <message id="machines.revoke.what.none">
        <source>no engine is there</source>
        <translation>其上没有引擎</translation>
    </message>
    <message id="machines.revoke.what.one">
        <source>1 engine is cut off</source>
        <translation>1 个引擎的连接将被切断</translation>
    </message>
    <message id="machines.revoke.what.more">
        <source>{count} engines of {people} people are cut off</source>
        <translation>{people} 人的 {count} 个引擎的连接将被切断</translation>
    </message>
    <message id="machines.revoke.sentence">
        <source>Their pages end at once, and nobody reaches them any more. They keep running, and their cards and files stay theirs, until the machine is switched off and you declare it off. The machine comes back only with a new join command.</source>
        <translation>相关页面会立即断开，任何人都无法再访问。引擎仍会继续运行并占用显卡和文件，直到机器关机且您声明其已关机。该机器只能用新的加入命令重新加入。</translation>
    </message>
    <message id="machines.revoke.idle">
        <source>It is cut off at once and comes back only with a new join command.</source>
        <translation>机器会立即断开，只能用新的加入命令重新加入。</translation>
    </message>
    <message id="machines.declare-off.title">
        <source>Declare {names} off: {what}</source>
        <translation>声明 {names} 已关机：{what}</translation>
    </message>
    <message id="machines.declare-off.verb">
        <source>Declare {name} off</source>
        <translation>声明 {name} 已关机</translation>
    </message>
    <message id="machines.declare-off.verb.more">
        <source>Declare {count} machines off</source>
        <translation>声明 {count} 台机器已关机</translation>
    </message>
    <message id="machines.off.what.none">
        <source>nothing is held there</source>
        <translation>其上没有占用</translation>
    </message>
    <message id="machines.off.what.one">
        <source>1 engine counts as ended</source>
        <translation>1 个引擎视为已结束</translation>
    </message>
    <message id="machines.off.what.more">
        <source>{count} engines of {people} people count as ended</source>
        <translation>{people} 人的 {count} 个引擎视为已结束</translation>
    </message>
    <message id="machines.off.sentence">
        <source>Their cards and files are given to others on your word. Be sure: if one of these machines still runs, two writers destroy the files.</source>
        <translation>系统将依据您的声明，把其显卡和文件交给他人使用。请务必确认：如果机器仍在运行，两处同时写入会损坏文件。</translation>
    </message>
    <message id="machines.off.online">
        <source>{names}: online right now, so not off. Drain it, or switch it off first.</source>
        <translation>{names} 当前在线，并未关机。请先将其设为维护或关机。</translation>
    </message>
    <message id="machines.accept-ledger.title">
        <source>Accept this ledger for {names}: {what}</source>
        <translation>为 {names} 接受当前账本：{what}</translation>
    </message>
    <message id="machines.accept-ledger.verb">
        <source>Accept for {name}</source>
        <translation>为 {name} 接受</translation>
    </message>
    <message id="machines.accept-ledger.verb.more">
        <source>Accept for {count} machines</source>
        <translation>为 {count} 台机器接受</translation>
    </message>
    <message id="machines.ledger.what.none">
        <source>no engine is known there</source>
        <translation>其上没有已知引擎</translation>
    </message>
    <message id="machines.ledger.what.one">
        <source>1 engine is known there</source>
        <translation>其上有 1 个已知引擎</translation>
    </message>
    <message id="machines.ledger.what.more">
        <source>{count} engines of {people} people are known there</source>
        <translation>其上有 {people} 人的 {count} 个已知引擎</translation>
    </message>
    <message id="machines.ledger.sentence">
        <source>From then on the machine does what this coordinator says. Engines there that this ledger does not know become unclaimed: they are kept, shown here, and stopped after the hold time.</source>
        <translation>此后该机器将执行此协调器的指令。当前账本中没有记录的引擎会成为未认领容器：先保留并在此显示，超过保留时间后停止。</translation>
    </message>
    <message id="machines.victim">
        <source>{name} of {owner}</source>
        <translation>{owner} 的 {name}</translation>
    </message>
    <message id="machines.victim.on">
        <source>{victim}, on {machine}</source>
        <translation>{victim}，位于 {machine}</translation>
    </message>
    <message id="machines.victims.more">
        <source>and {count} more</source>
        <translation>以及另外 {count} 个</translation>
    </message>
    <message id="machines.unclaimed.stranger">
        <source>container {container}, of an instance that nobody knows</source>
        <translation>容器 {container}，所属实例未知</translation>
    </message>
    <message id="machines.unclaimed.known">
        <source>{name} of {owner}, an earlier run (container {container})</source>
        <translation>{owner} 的 {name} 的早先运行（容器 {container}）</translation>
    </message>
    <message id="machines.rename.wrong">
        <source>1 to 63 letters, digits, dots, hyphens or underscores; it begins and ends with a letter or digit, such as render-04.</source>
        <translation>1 到 63 个字母、数字、点、连字符或下划线，首尾须为字母或数字，例如 render-04。</translation>
    </message>
    <message id="machines.rename.taken">
        <source>There is another machine {name}; choose a different name.</source>
        <translation>已有机器 {name}，请换一个名称。</translation>
    </message>
    <message id="machines.pool.wrong">
        <source>1 to 63 letters, digits, dots, hyphens or underscores, such as on-prem.</source>
        <translation>1 到 63 个字母、数字、点、连字符或下划线，例如 on-prem。</translation>
    </message>
    <message id="machines.labels.many">
        <source>A machine has at most {most} labels.</source>
        <translation>每台机器最多 {most} 个标签。</translation>
    </message>
    <message id="machines.labels.key">
        <source>“{key}” cannot be a label's name: letters, digits, dots, slashes, hyphens or underscores, such as room.</source>
        <translation>“{key}”不能作为标签名：只能使用字母、数字、点、斜杠、连字符或下划线，例如 room。</translation>
    </message>
    <message id="machines.labels.value">
        <source>The value of {key} is longer than {most} characters.</source>
        <translation>{key} 的值超过 {most} 个字符。</translation>
    </message>
    <message id="machines.labels.twice">
        <source>{key} is there twice.</source>
        <translation>{key} 重复。</translation>
    </message>
    <message id="machines.graph.use">
        <source>GPU use</source>
        <translation>GPU 利用率</translation>
    </message>
    <message id="machines.graph.memory">
        <source>VRAM</source>
        <translation>显存</translation>
    </message>
    <message id="machines.graph.temperature">
        <source>Temperature</source>
        <translation>温度</translation>
    </message>
    <message id="machines.graph.power">
        <source>Power</source>
        <translation>功耗</translation>
    </message>
    <message id="machines.state.offline">
        <source>Offline since {at} ({span})</source>
        <translation>自 {at} 起离线（{span}）</translation>
    </message>
    <message id="machines.state.never">
        <source>Has never connected: start its agent</source>
        <translation>从未连接：请启动其代理程序</translation>
    </message>
    <message id="machines.card.use">
        <source>use {value}</source>
        <translation>利用率 {value}</translation>
    </message>
    <message id="machines.card.free">
        <source>free</source>
        <translation>空闲</translation>
    </message>
    <message id="machines.card.apart">
        <source>Set aside: its memory is not proven free after its last engine. It takes engines again by itself once it is; if it stays so, see with nvidia-smi what still uses it.</source>
        <translation>已隔离：上一个引擎结束后未能确认显存已释放。确认后会自动恢复；若一直如此，请用 nvidia-smi 查看占用显卡的进程。</translation>
    </message>
    <message id="machines.unclaimed.line">
        <source>Seen since {seen}. It is stopped {stop}.</source>
        <translation>自 {seen} 起出现，将于 {stop} 停止。</translation>
    </message>
    <message id="machines.unclaimed.kept">
        <source>Seen since {seen}. It is kept.</source>
        <translation>自 {seen} 起出现，保留中。</translation>
    </message>
    <message id="machines.fact.pool">
        <source>Pool</source>
        <translation>资源池</translation>
    </message>
    <message id="machines.fact.labels">
        <source>Labels</source>
        <translation>标签</translation>
    </message>
    <message id="machines.fact.seen">
        <source>Last seen</source>
        <translation>最后响应</translation>
    </message>
    <message id="machines.fact.cpus">
        <source>CPUs</source>
        <translation>CPU 核数</translation>
    </message>
    <message id="machines.fact.memory">
        <source>Memory</source>
        <translation>内存</translation>
    </message>
    <message id="machines.fact.disk">
        <source>Disk free</source>
        <translation>可用磁盘</translation>
    </message>
    <message id="machines.fact.driver">
        <source>NVIDIA driver</source>
        <translation>NVIDIA 驱动</translation>
    </message>
    <message id="machines.fact.docker">
        <source>Docker</source>
        <translation>Docker 版本</translation>
    </message>
    <message id="machines.fact.agent">
        <source>Agent</source>
        <translation>代理程序版本</translation>
    </message>
    <message id="machines.fact.door">
        <source>Door</source>
        <translation>引擎入口</translation>
    </message>
    <message id="machines.fact.certificate">
        <source>Certificate until</source>
        <translation>证书有效期至</translation>
    </message>
    <message id="machines.fact.joined">
        <source>Joined</source>
        <translation>加入时间</translation>
    </message>
    <message id="machines.fact.id">
        <source>ID</source>
        <translation>标识</translation>
    </message>
    <message id="machines.certificate.online">
        <source>It renews it by itself.</source>
        <translation>会自动续期。</translation>
    </message>
    <message id="machines.certificate.offline">
        <source>It renews it by itself when it comes back, up to 90 days late.</source>
        <translation>恢复连接后会自动续期，最多可晚 90 天。</translation>
    </message>
    <message id="machines.asked.drain">
        <source>Draining …</source>
        <translation>正在设为维护 …</translation>
    </message>
    <message id="machines.asked.undrain">
        <source>Taking engines again …</source>
        <translation>正在恢复接收引擎 …</translation>
    </message>
    <message id="machines.asked.rename">
        <source>Renaming …</source>
        <translation>正在重命名 …</translation>
    </message>
    <message id="machines.asked.pool">
        <source>Moving to the pool …</source>
        <translation>正在移到资源池 …</translation>
    </message>
    <message id="machines.asked.labels">
        <source>Saving the labels …</source>
        <translation>正在保存标签 …</translation>
    </message>
    <message id="machines.asked.accept-ledger">
        <source>Accepting the ledger …</source>
        <translation>正在接受账本 …</translation>
    </message>
    <message id="machines.asked.declare-off">
        <source>Declaring it off …</source>
        <translation>正在声明已关机 …</translation>
    </message>
    <message id="machines.asked.revoke">
        <source>Revoking …</source>
        <translation>正在吊销 …</translation>
    </message>
    <message id="machines.join.no_card">
        <source>no graphics card</source>
        <translation>没有显卡</translation>
    </message>
    <message id="machines.join.joined">
        <source>Joined. Now start its agent: it has not connected yet.</source>
        <translation>已加入。请启动其代理程序：尚未连接。</translation>
    </message>
    <message id="machines.join.problem">
        <source>Connected · {cards} · cannot start engines yet</source>
        <translation>已连接 · {cards} · 尚无法启动引擎</translation>
    </message>
    <message id="machines.join.ready">
        <source>Ready · {cards}</source>
        <translation>就绪 · {cards}</translation>
    </message>
    <message id="machines.join.left">
        <source>Good for one machine, for {span} more</source>
        <translation>仅限一台机器使用，剩余 {span}</translation>
    </message>
    <message id="machines.join.expired">
        <source>This command has expired: make a new one.</source>
        <translation>此命令已过期，请重新生成。</translation>
    </message>
    <message id="machines.join.day">
        <source>{days} day</source>
        <translation>{days} 天</translation>
    </message>
    <message id="machines.join.days">
        <source>{days} days</source>
        <translation>{days} 天</translation>
    </message>
    <message id="machines.cancel">
        <source>Cancel</source>
        <translation>取消</translation>
    </message>
    <message id="machines.simulated">
        <source>Simulated</source>
        <translation>模拟</translation>
    </message>
    <message id="machines.more">
        <source>More actions</source>
        <translation>更多操作</translation>
    </message>
    <message id="machines.and_more">
        <source>{listed} and {count} more</source>
        <translation>{listed} 及另外 {count} 台</translation>
    </message>
    <message id="machines.asked.many">
        <source>Asking …</source>
        <translation>正在请求 …</translation>
    </message>
    <message id="machines.empty">
        <source>No machine yet. Add one to begin.</source>
        <translation>还没有机器，请先添加。</translation>
    </message>
    <message id="machines.gpus.empty">
        <source>No graphics card yet.</source>
        <translation>还没有显卡。</translation>
    </message>
    <message id="machines.view.machines">
        <source>Machines</source>
        <translation>机器</translation>
    </message>
    <message id="machines.view.gpus">
        <source>GPUs</source>
        <translation>显卡</translation>
    </message>
    <message id="machines.section.unclaimed">
        <source>Unclaimed containers</source>
        <translation>未认领容器</translation>
    </message>
    <message id="machines.section.cards">
        <source>Graphics cards</source>
        <translation>显卡</translation>
    </message>
    <message id="machines.section.graphs">
        <source>Readings</source>
        <translation>读数</translation>
    </message>
    <message id="machines.section.instances">
        <source>Instances</source>
        <translation>实例</translation>
    </message>
    <message id="machines.section.facts">
        <source>Facts</source>
        <translation>详情</translation>
    </message>
    <message id="machines.instances.none">
        <source>No engine is here now.</source>
        <translation>目前没有引擎。</translation>
    </message>
    <message id="machines.instances.all">
        <source>Show in Instances</source>
        <translation>在“实例”中查看</translation>
    </message>
    <message id="machines.card.memory">
        <source>VRAM {value}</source>
        <translation>显存 {value}</translation>
    </message>
    <message id="machines.graph.failed">
        <source>The past could not be read: {why}</source>
        <translation>无法读取历史数据：{why}</translation>
    </message>
    <message id="machines.graph.mute">
        <source>These cards do not report: {what}</source>
        <translation>这些显卡没有以下读数：{what}</translation>
    </message>
    <message id="machines.unclaimed.keep">
        <source>Keep for another hold time</source>
        <translation>再保留一段时间</translation>
    </message>
    <message id="machines.unclaimed.stop">
        <source>Stop now…</source>
        <translation>立即停止…</translation>
    </message>
    <message id="machines.unclaimed.stop.title">
        <source>Stop an unclaimed container on {machine}?</source>
        <translation>停止 {machine} 上的未认领容器？</translation>
    </message>
    <message id="machines.unclaimed.stop.sentence">
        <source>What it has not saved is lost. Its files on disk stay.</source>
        <translation>未保存的内容会丢失，磁盘上的文件会保留。</translation>
    </message>
    <message id="machines.unclaimed.stop.verb">
        <source>Stop now</source>
        <translation>立即停止</translation>
    </message>
    <message id="machines.rename.title">
        <source>Rename {name}</source>
        <translation>重命名 {name}</translation>
    </message>
    <message id="machines.rename.label">
        <source>Name</source>
        <translation>名称</translation>
    </message>
    <message id="machines.rename.sentence">
        <source>Commands, filters and its creators' cards show the new name at once. The machine itself is not touched.</source>
        <translation>命令、筛选和创作者的卡片会立即显示新名称，机器本身不受影响。</translation>
    </message>
    <message id="machines.rename.verb">
        <source>Rename</source>
        <translation>重命名</translation>
    </message>
    <message id="machines.pool.title">
        <source>Move {names} to a pool</source>
        <translation>将 {names} 移到资源池</translation>
    </message>
    <message id="machines.pool.label">
        <source>Pool</source>
        <translation>资源池</translation>
    </message>
    <message id="machines.pool.sentence">
        <source>Pools have a priority and a price list. What runs goes on; new engines are placed by the new pool. A name that is not there yet makes a new pool.</source>
        <translation>资源池有优先级和价格表。正在运行的引擎不受影响；新引擎按新的资源池调度。输入新名称即新建资源池。</translation>
    </message>
    <message id="machines.pool.verb">
        <source>Move</source>
        <translation>移动</translation>
    </message>
    <message id="machines.labels.title">
        <source>Labels of {names}</source>
        <translation>{names} 的标签</translation>
    </message>
    <message id="machines.labels.sentence">
        <source>For filters and for placing engines, such as room = 2. A label needs no value.</source>
        <translation>用于筛选和调度引擎，例如 room = 2。标签可以没有值。</translation>
    </message>
    <message id="machines.labels.shared">
        <source>Here are those that all {count} machines share; each keeps its others.</source>
        <translation>这里是 {count} 台机器共有的标签，各自的其他标签会保留。</translation>
    </message>
    <message id="machines.labels.name">
        <source>Label</source>
        <translation>标签</translation>
    </message>
    <message id="machines.labels.worth">
        <source>Value</source>
        <translation>值</translation>
    </message>
    <message id="machines.labels.away">
        <source>Remove this label</source>
        <translation>移除此标签</translation>
    </message>
    <message id="machines.labels.add">
        <source>Add a label</source>
        <translation>添加标签</translation>
    </message>
    <message id="machines.labels.verb">
        <source>Save</source>
        <translation>保存</translation>
    </message>
    <message id="machines.off.reason">
        <source>How do you know that it is off? This is kept in the audit log.</source>
        <translation>您如何确认机器已关机？此说明会记入审计日志。</translation>
    </message>
    <message id="machines.off.example">
        <source>e.g. I pulled the power cable myself</source>
        <translation>例如：本人亲手拔掉了电源线</translation>
    </message>
    <message id="machines.done.drain">
        <source>{names}: drained. What runs goes on; nothing new starts there.</source>
        <translation>{names}：已设为维护。正在运行的引擎会继续运行，不再启动新引擎。</translation>
    </message>
    <message id="machines.done.undrain">
        <source>{names}: takes engines again.</source>
        <translation>{names}：已恢复接收引擎。</translation>
    </message>
    <message id="machines.done.rename">
        <source>{names} is {value} now.</source>
        <translation>{names} 已改名为 {value}。</translation>
    </message>
    <message id="machines.done.pool">
        <source>{names}: in pool {value} now.</source>
        <translation>{names}：已移到资源池 {value}。</translation>
    </message>
    <message id="machines.done.labels">
        <source>{names}: labels saved.</source>
        <translation>{names}：标签已保存。</translation>
    </message>
    <message id="machines.done.accept-ledger">
        <source>{names}: follows this ledger now.</source>
        <translation>{names}：现已遵循当前账本。</translation>
    </message>
    <message id="machines.done.declare-off">
        <source>{names}: declared off; its cards and files are free.</source>
        <translation>{names}：已声明关机，其显卡和文件已释放。</translation>
    </message>
    <message id="machines.done.revoke">
        <source>{names}: revoked. It comes back only with a new join command.</source>
        <translation>{names}：证书已吊销，只能用新的加入命令重新加入。</translation>
    </message>
    <message id="machines.done.kept">
        <source>{machine}: the container is kept for another hold time.</source>
        <translation>{machine}：容器将再保留一段时间。</translation>
    </message>
    <message id="machines.done.stopped">
        <source>{machine}: the container is being stopped.</source>
        <translation>{machine}：正在停止容器。</translation>
    </message>
    <message id="machines.add">
        <source>Add a machine</source>
        <translation>添加机器</translation>
    </message>
    <message id="machines.add.title">
        <source>Add a GPU machine</source>
        <translation>添加 GPU 机器</translation>
    </message>
    <message id="machines.add.first">
        <source>1. What it needs first</source>
        <translation>1. 准备工作</translation>
    </message>
    <message id="machines.add.needs">
        <source>Linux with the NVIDIA driver (nvidia-smi shows its cards), Docker Engine with the NVIDIA Container Toolkit, and this program with its agent: pip install 'aigc-gateway[agent]'. It dials out to this coordinator only; no port has to be opened on it. Step by step: docs/install.md, section 6.</source>
        <translation>装有 NVIDIA 驱动（nvidia-smi 能列出显卡）的 Linux、带 NVIDIA Container Toolkit 的 Docker Engine，以及本程序的代理程序：pip install 'aigc-gateway[agent]'。它只会主动连接协调器，无需开放任何端口。详细步骤见 docs/install.md 第 6 节。</translation>
    </message>
    <message id="machines.add.second">
        <source>2. Run this line there, as root</source>
        <translation>2. 在该机器上以 root 运行此命令</translation>
    </message>
    <message id="machines.add.third">
        <source>3. Wait for it to join</source>
        <translation>3. 等待加入</translation>
    </message>
    <message id="machines.add.pool">
        <source>Pool</source>
        <translation>资源池</translation>
    </message>
    <message id="machines.add.validity">
        <source>Good for</source>
        <translation>有效期</translation>
    </message>
    <message id="machines.add.make">
        <source>Make a command</source>
        <translation>生成命令</translation>
    </message>
    <message id="machines.add.again">
        <source>Make another</source>
        <translation>再生成一个</translation>
    </message>
    <message id="machines.add.copy">
        <source>Copy</source>
        <translation>复制</translation>
    </message>
    <message id="machines.add.copied">
        <source>Copied</source>
        <translation>已复制</translation>
    </message>
    <message id="machines.add.command">
        <source>Command for the new machine</source>
        <translation>新机器的加入命令</translation>
    </message>
    <message id="machines.add.then">
        <source>Then start the agent: aigc agent run, or its service. The command holds a secret: anybody who has it can add a machine until it is used.</source>
        <translation>然后启动代理程序：aigc agent run 或其服务。命令中包含密钥：在使用之前，任何得到它的人都可以添加机器。</translation>
    </message>
    <message id="machines.add.done">
        <source>Done</source>
        <translation>完成</translation>
    </message>
    <message id="machines.join.waiting">
        <source>Waiting for a machine …</source>
        <translation>正在等待机器加入 …</translation>
    </message>
    <message id="machines.takes.ledger">
        <source>none: it obeys another ledger</source>
        <translation>不接收：遵循另一份账本</translation>
    </message>
    <message id="machines.column.gpu_model">
        <source>Model</source>
        <translation>型号</translation>
    </message>
    <message id="machines.state.cannot_start">
        <source>Online · cannot start engines now</source>
        <translation>在线 · 目前无法启动引擎</translation>
    </message>
    <message id="machines.revoke.what.more.one">
        <source>{count} engines of 1 person are cut off</source>
        <translation>1 人的 {count} 个引擎的连接将被切断</translation>
    </message>
    <message id="machines.off.what.more.one">
        <source>{count} engines of 1 person count as ended</source>
        <translation>1 人的 {count} 个引擎视为已结束</translation>
    </message>
    <message id="machines.ledger.what.more.one">
        <source>{count} engines of 1 person are known there</source>
        <translation>其上有 1 人的 {count} 个已知引擎</translation>
    </message>
</context>
</TS>
