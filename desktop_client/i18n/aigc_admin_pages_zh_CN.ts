<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="zh_CN" sourcelanguage="en_US">
<context>
    <name></name>
    <message id="overview.needs">
        <source>Needs you</source>
        <translation>需要处理</translation>
    </message>
    <message id="overview.calm">
        <source>Nothing needs you right now.</source>
        <translation>目前没有需要处理的事项。</translation>
    </message>
    <message id="overview.and_more">
        <source>{names} and {count} more</source>
        <translation>{names} 及另外 {count} 个</translation>
    </message>
    <message id="overview.show_machines">
        <source>Show {count} machines</source>
        <translation>查看 {count} 台机器</translation>
    </message>
    <message id="overview.show_one">
        <source>Open {name}</source>
        <translation>打开 {name}</translation>
    </message>
    <message id="overview.engines.one">
        <source>{count} engine</source>
        <translation>{count} 个引擎</translation>
    </message>
    <message id="overview.engines.more">
        <source>{count} engines</source>
        <translation>{count} 个引擎</translation>
    </message>
    <message id="overview.cards.one">
        <source>{count} card</source>
        <translation>{count} 张显卡</translation>
    </message>
    <message id="overview.cards.more">
        <source>{count} cards</source>
        <translation>{count} 张显卡</translation>
    </message>
    <message id="overview.containers.one">
        <source>{count} container</source>
        <translation>{count} 个容器</translation>
    </message>
    <message id="overview.containers.more">
        <source>{count} containers</source>
        <translation>{count} 个容器</translation>
    </message>
    <message id="overview.ledger.one">
        <source>{machine} refuses this coordinator's ledger because it remembers a newer one: its engines keep running, and it takes no orders.</source>
        <translation>{machine} 拒绝此协调器的账本，因为它记录的账本更新：其引擎继续运行，但不接受指令。</translation>
    </message>
    <message id="overview.ledger.many">
        <source>{count} machines refuse this coordinator's ledger because they remember a newer one: {machines}.</source>
        <translation>{count} 台机器拒绝此协调器的账本，因为它们记录的账本更新：{machines}。</translation>
    </message>
    <message id="overview.ledger.remedy">
        <source>Restore the newer ledger from its backup, or accept this one on the machine's page.</source>
        <translation>请从备份恢复较新的账本，或在机器页面上接受当前账本。</translation>
    </message>
    <message id="overview.cut-off.one">
        <source>{machine} has not answered since {at}; {engines} of {people} may still be running there.</source>
        <translation>{machine} 自 {at} 起没有响应；其上可能仍有 {engines}在运行（{people}）。</translation>
    </message>
    <message id="overview.cut-off.many">
        <source>{count} machines with engines on them do not answer: {machines}.</source>
        <translation>{count} 台有引擎运行的机器没有响应：{machines}。</translation>
    </message>
    <message id="overview.cut-off.remedy">
        <source>Check power, network and the agent's service. If a machine is off for good, declare it off on its page: that frees its data.</source>
        <translation>请检查电源、网络和代理程序服务。如果机器不会再开机，请在其页面上声明已关机，以释放数据。</translation>
    </message>
    <message id="overview.door.one">
        <source>Engines on {machine} can be reached by other users who sign in to that machine.</source>
        <translation>登录到 {machine} 的其他用户可以访问其上的引擎。</translation>
    </message>
    <message id="overview.door.many">
        <source>Engines on {count} machines can be reached by other users who sign in to them: {machines}.</source>
        <translation>{count} 台机器上的引擎可被登录到这些机器的其他用户访问：{machines}。</translation>
    </message>
    <message id="overview.door.remedy">
        <source>Run engines with the Docker Engine on Linux, or let nobody else sign in there.</source>
        <translation>请在 Linux 上使用 Docker Engine 运行引擎，或不允许其他人登录该机器。</translation>
    </message>
    <message id="overview.stuck.one">
        <source>{engine} of {owner} waits for what no answering machine has. {line}.</source>
        <translation>{owner} 的 {engine} 在排队，但没有任何在线机器能满足其需求。{line}。</translation>
    </message>
    <message id="overview.stuck.many">
        <source>{count} engines wait for what no answering machine has: {engines}.</source>
        <translation>{count} 个引擎在排队，但没有任何在线机器能满足其需求：{engines}。</translation>
    </message>
    <message id="overview.stuck.remedy">
        <source>Bring such a machine back, add one, or lower the need in the catalogue.</source>
        <translation>请恢复或添加符合要求的机器，或在引擎目录中降低需求。</translation>
    </message>
    <message id="overview.stuck.show">
        <source>Show the queue</source>
        <translation>查看队列</translation>
    </message>
    <message id="overview.broken.one">
        <source>{machine} cannot start engines. {problem}</source>
        <translation>{machine} 无法启动引擎。{problem}</translation>
    </message>
    <message id="overview.broken.many">
        <source>{count} machines cannot start engines: {machines}.</source>
        <translation>{count} 台机器无法启动引擎：{machines}。</translation>
    </message>
    <message id="overview.broken.silent">
        <source>It has not said why.</source>
        <translation>原因未知。</translation>
    </message>
    <message id="overview.broken.remedy">
        <source>Run 'aigc agent check' on the machine: it names each cause and its cure.</source>
        <translation>请在该机器上运行“aigc agent check”，它会列出每个原因及解决办法。</translation>
    </message>
    <message id="overview.away.one">
        <source>{machine} has not answered since {at}; nobody's engine is on it.</source>
        <translation>{machine} 自 {at} 起没有响应；其上没有引擎。</translation>
    </message>
    <message id="overview.away.never">
        <source>{machine} has joined and never answered.</source>
        <translation>{machine} 已加入，但从未响应。</translation>
    </message>
    <message id="overview.away.many">
        <source>{count} machines without engines do not answer: {machines}.</source>
        <translation>{count} 台没有引擎的机器没有响应：{machines}。</translation>
    </message>
    <message id="overview.away.remedy">
        <source>Check power, network and the agent's service, or drain a machine that is meant to be off.</source>
        <translation>请检查电源、网络和代理程序服务；如果本就计划关机，请先设为维护。</translation>
    </message>
    <message id="overview.set-aside.one">
        <source>{cards} of {machine} set aside: not proven free after the last engine.</source>
        <translation>{machine} 的 {cards}已被隔离：上一个引擎结束后未能确认显存已释放。</translation>
    </message>
    <message id="overview.set-aside.many">
        <source>{count} machines have cards that are set aside, not proven free: {machines}.</source>
        <translation>{count} 台机器有显卡因未能确认显存已释放而被隔离：{machines}。</translation>
    </message>
    <message id="overview.set-aside.remedy">
        <source>See with nvidia-smi what still holds the card; it comes back by itself once that ends.</source>
        <translation>请用 nvidia-smi 查看仍占用显卡的进程；进程结束后显卡会自动恢复可用。</translation>
    </message>
    <message id="overview.disk.one">
        <source>{machine} has {size} left on its disk.</source>
        <translation>{machine} 的磁盘仅剩 {size}。</translation>
    </message>
    <message id="overview.disk.many">
        <source>{count} machines have little room left on their disks: {machines}.</source>
        <translation>{count} 台机器的磁盘空间不足：{machines}。</translation>
    </message>
    <message id="overview.disk.remedy">
        <source>Remove images and data that nobody uses: the next image may not fit.</source>
        <translation>请清理不再使用的镜像和数据，否则可能没有空间存放下一个镜像。</translation>
    </message>
    <message id="overview.certificate.one">
        <source>{machine} has not renewed its certificate, which ends {at}.</source>
        <translation>{machine} 尚未续期证书，证书将于 {at} 到期。</translation>
    </message>
    <message id="overview.certificate.many">
        <source>{count} machines have not renewed their certificates: {machines}.</source>
        <translation>{count} 台机器尚未续期证书：{machines}。</translation>
    </message>
    <message id="overview.certificate.remedy">
        <source>Check the clock and the agent's log there: the agent tries to renew by itself, and fails.</source>
        <translation>请检查该机器的时钟和代理程序日志：代理程序会自动续期，但在该机器上失败了。</translation>
    </message>
    <message id="overview.problem.one">
        <source>{machine}: {problem}</source>
        <translation>{machine}：{problem}</translation>
    </message>
    <message id="overview.problem.many">
        <source>{count} machines report a problem: {machines}.</source>
        <translation>{count} 台机器报告了问题：{machines}。</translation>
    </message>
    <message id="overview.problem.remedy">
        <source>Engines still start there. The machine's page lists everything that it reports.</source>
        <translation>该机器仍可启动引擎。机器页面列出其报告的全部问题。</translation>
    </message>
    <message id="overview.unclaimed.one">
        <source>{containers} on {machine} that the ledger knows nothing of; stopped from {at} on unless somebody decides.</source>
        <translation>{machine} 上有 {containers}在账本中没有记录；若无人处理，将从 {at} 起停止。</translation>
    </message>
    <message id="overview.unclaimed.many">
        <source>{count} machines run containers that the ledger knows nothing of: {machines}.</source>
        <translation>{count} 台机器上有账本中没有记录的容器：{machines}。</translation>
    </message>
    <message id="overview.unclaimed.remedy">
        <source>Keep or stop them on the machine's page.</source>
        <translation>请在机器页面上选择保留或停止。</translation>
    </message>
    <message id="overview.failed.one">
        <source>{engine} of {owner} failed at {at}. {line}</source>
        <translation>{owner} 的 {engine} 于 {at} 失败。{line}</translation>
    </message>
    <message id="overview.failed.many">
        <source>{count} engines failed in the last day: {engines}.</source>
        <translation>过去一天有 {count} 个引擎失败：{engines}。</translation>
    </message>
    <message id="overview.failed.remedy">
        <source>Its story and its log say what happened.</source>
        <translation>可在其历史和日志中查看原因。</translation>
    </message>
    <message id="overview.failed.show">
        <source>Show what failed</source>
        <translation>查看失败项</translation>
    </message>
    <message id="overview.catalogue.one">
        <source>One entry of the catalogue cannot be used. {place}: {message}</source>
        <translation>引擎目录中有一个条目无法使用。{place}：{message}</translation>
    </message>
    <message id="overview.catalogue.many">
        <source>{count} entries of the catalogue cannot be used. {place}: {message}</source>
        <translation>引擎目录中有 {count} 个条目无法使用。{place}：{message}</translation>
    </message>
    <message id="overview.catalogue.remedy">
        <source>Mend the file: it is read again by itself. Everything else in the catalogue works.</source>
        <translation>请修正该文件，系统会自动重新读取。引擎目录中的其他条目不受影响。</translation>
    </message>
    <message id="overview.catalogue.show">
        <source>Show the catalogue</source>
        <translation>查看引擎目录</translation>
    </message>
    <message id="overview.clock.behind">
        <source>This computer's clock is {span} behind the coordinator's.</source>
        <translation>本机时钟比协调器慢 {span}。</translation>
    </message>
    <message id="overview.clock.ahead">
        <source>This computer's clock is {span} ahead of the coordinator's.</source>
        <translation>本机时钟比协调器快 {span}。</translation>
    </message>
    <message id="overview.clock.remedy">
        <source>Let both take the time from the network: times in this window are off by as much.</source>
        <translation>请让两者都从网络同步时间，否则本窗口显示的时间会有同样的偏差。</translation>
    </message>
    <message id="overview.version.one">
        <source>{machines} runs agent {versions}; {newest} is current.</source>
        <translation>{machines} 的代理程序版本为 {versions}，当前版本为 {newest}。</translation>
    </message>
    <message id="overview.version.many">
        <source>{count} machines run an older agent ({versions}) than {newest}: {machines}.</source>
        <translation>{count} 台机器的代理程序版本（{versions}）低于 {newest}：{machines}。</translation>
    </message>
    <message id="overview.version.remedy">
        <source>Update the package there; engines keep running meanwhile.</source>
        <translation>请在这些机器上更新软件包，更新期间引擎继续运行。</translation>
    </message>
    <message id="overview.fullness">
        <source>How full we are</source>
        <translation>使用情况</translation>
    </message>
    <message id="overview.full">
        <source>Cards held: {held} of {cards}. Machines answering: {answering} of {machines}.</source>
        <translation>显卡：{cards} 张中已占用 {held} 张。机器：{machines} 台中有 {answering} 台在线。</translation>
    </message>
    <message id="overview.full.no_machines">
        <source>The studio has no machine yet. Add one on the Machines page.</source>
        <translation>工作室还没有机器。请在“机器”页面添加。</translation>
    </message>
    <message id="overview.full.no_cards">
        <source>Machines: {machines}, without a graphics card.</source>
        <translation>{machines} 台机器，没有显卡。</translation>
    </message>
    <message id="overview.pool.all">
        <source>All</source>
        <translation>全部</translation>
    </message>
    <message id="overview.in_use">
        <source>In use</source>
        <translation>使用中</translation>
    </message>
    <message id="overview.idle">
        <source>Held, idle</source>
        <translation>占用但空闲</translation>
    </message>
    <message id="overview.unknown">
        <source>Held, use unknown</source>
        <translation>占用，利用率未知</translation>
    </message>
    <message id="overview.free">
        <source>Free</source>
        <translation>空闲</translation>
    </message>
    <message id="overview.out">
        <source>Out of service</source>
        <translation>不可用</translation>
    </message>
    <message id="overview.waiting.none">
        <source>Nobody waits.</source>
        <translation>无人排队。</translation>
    </message>
    <message id="overview.waiting.some">
        <source>{count} in the queue</source>
        <translation>{count} 个在排队</translation>
    </message>
    <message id="overview.working">
        <source>Who is on what</source>
        <translation>谁在使用</translation>
    </message>
    <message id="overview.working.none">
        <source>Nobody runs an engine right now.</source>
        <translation>目前没有人运行引擎。</translation>
    </message>
    <message id="overview.day">
        <source>Today and the usual day</source>
        <translation>今天与平常</translation>
    </message>
    <message id="overview.day.today">
        <source>Today</source>
        <translation>今天</translation>
    </message>
    <message id="overview.day.usual">
        <source>Usual</source>
        <translation>平常</translation>
    </message>
    <message id="overview.day.unit">
        <source>Cards held</source>
        <translation>占用的显卡</translation>
    </message>
    <message id="overview.pool.none">
        <source>no pool</source>
        <translation>无资源池</translation>
    </message>
    <message id="overview.more">
        <source>Show {count} more</source>
        <translation>再显示 {count} 项</translation>
    </message>
    <message id="overview.fewer">
        <source>Show fewer</source>
        <translation>收起</translation>
    </message>
    <message id="overview.today.unknown">
        <source>How full today was is not known yet.</source>
        <translation>今天的使用情况尚不清楚。</translation>
    </message>
    <message id="overview.today.first">
        <source>Cards held now: {held}. The usual figure is known after the first whole day.</source>
        <translation>目前占用 {held} 张显卡。满一天后才能得出平常水平。</translation>
    </message>
    <message id="overview.today.gap">
        <source>Cards held now: {held}. Nothing is known about this time of day ({days}).</source>
        <translation>目前占用 {held} 张显卡；没有该时段的数据（{days}）。</translation>
    </message>
    <message id="overview.today.usual">
        <source>Cards held now: {held}; usually {usual} at this time (median of {days}).</source>
        <translation>目前占用 {held} 张显卡；平常此时为 {usual} 张（{days}的中位数）。</translation>
    </message>
    <message id="overview.like.weekday">
        <source>the last {days} {weekday}s</source>
        <translation>最近 {days} 个{weekday}</translation>
    </message>
    <message id="overview.like.working-days">
        <source>the last {days} working days</source>
        <translation>最近 {days} 个工作日</translation>
    </message>
    <message id="overview.like.weekends">
        <source>the last {days} weekend days</source>
        <translation>最近 {days} 个周末日</translation>
    </message>
    <message id="overview.like.all">
        <source>the last {days} days on record</source>
        <translation>有记录的最近 {days} 天</translation>
    </message>
    <message id="overview.weekday.0">
        <source>Monday</source>
        <translation>星期一</translation>
    </message>
    <message id="overview.weekday.1">
        <source>Tuesday</source>
        <translation>星期二</translation>
    </message>
    <message id="overview.weekday.2">
        <source>Wednesday</source>
        <translation>星期三</translation>
    </message>
    <message id="overview.weekday.3">
        <source>Thursday</source>
        <translation>星期四</translation>
    </message>
    <message id="overview.weekday.4">
        <source>Friday</source>
        <translation>星期五</translation>
    </message>
    <message id="overview.weekday.5">
        <source>Saturday</source>
        <translation>星期六</translation>
    </message>
    <message id="overview.weekday.6">
        <source>Sunday</source>
        <translation>星期日</translation>
    </message>
    <message id="instances.state.requested">
        <source>Asked for</source>
        <translation>已请求</translation>
    </message>
    <message id="instances.state.queued">
        <source>Waiting</source>
        <translation>排队中</translation>
    </message>
    <message id="instances.state.placed">
        <source>Placed</source>
        <translation>已分配</translation>
    </message>
    <message id="instances.state.preparing">
        <source>Preparing</source>
        <translation>准备中</translation>
    </message>
    <message id="instances.state.starting">
        <source>Starting</source>
        <translation>启动中</translation>
    </message>
    <message id="instances.state.ready">
        <source>Ready</source>
        <translation>就绪</translation>
    </message>
    <message id="instances.state.stopping">
        <source>Stopping</source>
        <translation>停止中</translation>
    </message>
    <message id="instances.state.stopped">
        <source>Stopped</source>
        <translation>已停止</translation>
    </message>
    <message id="instances.state.failed">
        <source>Failed</source>
        <translation>失败</translation>
    </message>
    <message id="instances.state.unreachable">
        <source>Unreachable</source>
        <translation>无响应</translation>
    </message>
    <message id="instances.state.lost">
        <source>Lost</source>
        <translation>已失联</translation>
    </message>
    <message id="instances.state">
        <source>State</source>
        <translation>状态</translation>
    </message>
    <message id="instances.name">
        <source>Name</source>
        <translation>名称</translation>
    </message>
    <message id="instances.engine">
        <source>Engine</source>
        <translation>引擎</translation>
    </message>
    <message id="instances.version">
        <source>Version</source>
        <translation>版本</translation>
    </message>
    <message id="instances.owner">
        <source>Owner</source>
        <translation>所有者</translation>
    </message>
    <message id="instances.machine">
        <source>Machine</source>
        <translation>机器</translation>
    </message>
    <message id="instances.cards">
        <source>Cards</source>
        <translation>显卡</translation>
    </message>
    <message id="instances.vram">
        <source>VRAM used / own</source>
        <translation>显存（已用 / 可用）</translation>
    </message>
    <message id="instances.vram.meaning">
        <source>What this instance uses of the card memory that is its own: its reserved share, or its whole cards.</source>
        <translation>此实例已用的显存与其可用显存：即其预留份额，或整张显卡。</translation>
    </message>
    <message id="instances.gpu">
        <source>GPU</source>
        <translation>GPU 利用率</translation>
    </message>
    <message id="instances.since">
        <source>Since</source>
        <translation>开始时间</translation>
    </message>
    <message id="instances.activity">
        <source>Last activity</source>
        <translation>最近活动</translation>
    </message>
    <message id="instances.release">
        <source>Release</source>
        <translation>释放时间</translation>
    </message>
    <message id="instances.reason">
        <source>Reason</source>
        <translation>原因</translation>
    </message>
    <message id="instances.data">
        <source>Data</source>
        <translation>数据</translation>
    </message>
    <message id="instances.created">
        <source>Created</source>
        <translation>创建时间</translation>
    </message>
    <message id="instances.id">
        <source>ID</source>
        <translation>标识</translation>
    </message>
    <message id="instances.code">
        <source>Support code</source>
        <translation>支持代码</translation>
    </message>
    <message id="instances.ago">
        <source>{at} ({span} ago)</source>
        <translation>{at}（{span}前）</translation>
    </message>
    <message id="instances.ahead">
        <source>{at} (in {span})</source>
        <translation>{at}（{span}后）</translation>
    </message>
    <message id="instances.empty">
        <source>Nobody has an instance.</source>
        <translation>还没有任何实例。</translation>
    </message>
    <message id="instances.several">
        <source>{count} instances selected</source>
        <translation>已选择 {count} 个实例</translation>
    </message>
    <message id="instances.stop">
        <source>Stop</source>
        <translation>停止</translation>
    </message>
    <message id="instances.stop.many">
        <source>Stop {count} instances</source>
        <translation>停止 {count} 个实例</translation>
    </message>
    <message id="instances.stop.title.one">
        <source>Stop {name} of {owner}?</source>
        <translation>停止 {owner} 的 {name}？</translation>
    </message>
    <message id="instances.stop.title.many">
        <source>Stop {count} instances?</source>
        <translation>停止 {count} 个实例？</translation>
    </message>
    <message id="instances.stop.victim">
        <source>{name} of {owner}, {state} on {machine}</source>
        <translation>{owner} 的 {name}，{state}，位于 {machine}</translation>
    </message>
    <message id="instances.stop.victim.waiting">
        <source>{name} of {owner}, {state}</source>
        <translation>{owner} 的 {name}，{state}</translation>
    </message>
    <message id="instances.stop.consequence">
        <source>Files in the engine's folders are kept. What is only in memory is lost: queued jobs, unsaved pages and notebooks. Each owner reads that IT stopped it, and can start it again.</source>
        <translation>引擎文件夹中的文件会保留。仅在内存中的内容会丢失，例如排队的任务、未保存的页面和笔记本。所有者会看到“由 IT 停止”的提示，并可重新启动。</translation>
    </message>
    <message id="instances.stopped.one">
        <source>{name} is asked to stop.</source>
        <translation>已请求停止 {name}。</translation>
    </message>
    <message id="instances.stopped.many">
        <source>{count} instances are asked to stop.</source>
        <translation>已请求停止 {count} 个实例。</translation>
    </message>
    <message id="instances.stop.nothing">
        <source>It is not running.</source>
        <translation>它未在运行。</translation>
    </message>
    <message id="instances.auditor">
        <source>Your role sees everything and changes nothing.</source>
        <translation>您的角色可查看全部内容，但不能更改。</translation>
    </message>
    <message id="instances.offline">
        <source>There is no connection to the coordinator.</source>
        <translation>未连接到协调器。</translation>
    </message>
    <message id="instances.to_owner">
        <source>Owner</source>
        <translation>查看所有者</translation>
    </message>
    <message id="instances.tab.facts">
        <source>Facts</source>
        <translation>概况</translation>
    </message>
    <message id="instances.tab.story">
        <source>Story</source>
        <translation>历史</translation>
    </message>
    <message id="instances.tab.logs">
        <source>Log</source>
        <translation>日志</translation>
    </message>
    <message id="instances.logs.audited">
        <source>Reading somebody's log is written to the audit log with your name.</source>
        <translation>查看他人的日志会以您的名义记入审计日志。</translation>
    </message>
    <message id="instances.logs.read">
        <source>Read the log</source>
        <translation>查看日志</translation>
    </message>
    <message id="instances.logs.stop">
        <source>Stop following</source>
        <translation>停止跟随</translation>
    </message>
    <message id="instances.logs.ended">
        <source>The log ended.</source>
        <translation>日志已结束。</translation>
    </message>
    <message id="instances.logs.waiting">
        <source>Nothing has been written yet.</source>
        <translation>暂无输出。</translation>
    </message>
    <message id="instances.logs.of">
        <source>Log of {name}</source>
        <translation>{name} 的日志</translation>
    </message>
    <message id="instances.copy">
        <source>Copy</source>
        <translation>复制</translation>
    </message>
    <message id="instances.copied">
        <source>Copied.</source>
        <translation>已复制。</translation>
    </message>
    <message id="instances.save">
        <source>Save…</source>
        <translation>保存…</translation>
    </message>
    <message id="instances.saved">
        <source>Saved as {file}.</source>
        <translation>已保存为 {file}。</translation>
    </message>
    <message id="instances.save.title">
        <source>Save the story of {name}</source>
        <translation>保存 {name} 的历史</translation>
    </message>
    <message id="instances.story.title">
        <source>The story of {name}</source>
        <translation>{name} 的历史</translation>
    </message>
    <message id="instances.story.of">
        <source>{engine} {version} of {owner} · {id}</source>
        <translation>{owner} 的 {engine} {version} · {id}</translation>
    </message>
    <message id="instances.story.told">
        <source>As told by {studio} at {at}. Times are those of this computer.</source>
        <translation>由 {studio} 提供，截至 {at}。时间为本机时间。</translation>
    </message>
    <message id="instances.story.empty">
        <source>Nothing has happened to it yet.</source>
        <translation>尚未发生任何事件。</translation>
    </message>
    <message id="instances.story.loading">
        <source>Asking the coordinator…</source>
        <translation>正在查询协调器…</translation>
    </message>
    <message id="instances.card">
        <source>{name}: {percent}, {memory}</source>
        <translation>{name}：{percent}，{memory}</translation>
    </message>
    <message id="instances.card.simulated">
        <source>{name} (simulated)</source>
        <translation>{name}（模拟）</translation>
    </message>
    <message id="queue.position">
        <source>Position</source>
        <translation>位置</translation>
    </message>
    <message id="queue.waited">
        <source>Waits</source>
        <translation>已等待</translation>
    </message>
    <message id="queue.need">
        <source>Needs</source>
        <translation>需求</translation>
    </message>
    <message id="queue.why">
        <source>Why</source>
        <translation>原因</translation>
    </message>
    <message id="queue.empty">
        <source>Nobody waits. Whoever starts an engine now gets a place at once.</source>
        <translation>无人排队。现在启动引擎无需等待。</translation>
    </message>
    <message id="queue.summary.one">
        <source>One instance waits, since {at}.</source>
        <translation>1 个实例在排队，自 {at} 起。</translation>
    </message>
    <message id="queue.summary.more">
        <source>{count} instances wait, the longest since {at}.</source>
        <translation>{count} 个实例在排队，等待最久的自 {at} 起。</translation>
    </message>
    <message id="queue.need.none">
        <source>no card</source>
        <translation>不需要显卡</translation>
    </message>
    <message id="queue.need.one">
        <source>1 card, {size} GB</source>
        <translation>1 张显卡，{size} GB</translation>
    </message>
    <message id="queue.need.more">
        <source>{count} cards, {size} GB each</source>
        <translation>{count} 张显卡，每张 {size} GB</translation>
    </message>
    <message id="queue.need.one.any">
        <source>1 card</source>
        <translation>1 张显卡</translation>
    </message>
    <message id="queue.need.more.any">
        <source>{count} cards</source>
        <translation>{count} 张显卡</translation>
    </message>
    <message id="queue.remove">
        <source>Take out of the queue</source>
        <translation>移出队列</translation>
    </message>
    <message id="queue.remove.consequence">
        <source>They do not start; their data is kept, and each owner reads that IT stopped it. They can be started again.</source>
        <translation>它们不会启动；数据会保留，所有者会看到“由 IT 停止”的提示，并可重新启动。</translation>
    </message>
    <message id="queue.remove.title.one">
        <source>Take {name} of {owner} out of the queue?</source>
        <translation>将 {owner} 的 {name} 移出队列？</translation>
    </message>
    <message id="queue.remove.title.many">
        <source>Take {count} instances out of the queue?</source>
        <translation>将 {count} 个实例移出队列？</translation>
    </message>
    <message id="instances.cause.node">
        <source>machine {name}</source>
        <translation>机器 {name}</translation>
    </message>
    <message id="instances.cause.timer">
        <source>timer</source>
        <translation>定时器</translation>
    </message>
    <message id="instances.cause.placement">
        <source>placement</source>
        <translation>调度</translation>
    </message>
    <message id="instances.event.start">
        <source>Start asked for</source>
        <translation>请求启动</translation>
    </message>
    <message id="instances.event.visit">
        <source>Visited</source>
        <translation>页面访问</translation>
    </message>
    <message id="instances.event.stop-requested">
        <source>Stop asked for</source>
        <translation>请求停止</translation>
    </message>
    <message id="instances.event.delete-requested">
        <source>Deletion asked for</source>
        <translation>请求删除</translation>
    </message>
    <message id="instances.event.kept">
        <source>Kept running</source>
        <translation>继续使用</translation>
    </message>
    <message id="instances.event.renamed">
        <source>Renamed</source>
        <translation>重命名</translation>
    </message>
    <message id="instances.event.version-changed">
        <source>Other version</source>
        <translation>更换版本</translation>
    </message>
    <message id="instances.event.placed">
        <source>Placed on a machine</source>
        <translation>已分配机器</translation>
    </message>
    <message id="instances.event.placed-nowhere">
        <source>No place yet</source>
        <translation>暂无可用机器</translation>
    </message>
    <message id="instances.event.restored">
        <source>Brought back from the trash</source>
        <translation>从回收站恢复</translation>
    </message>
    <message id="instances.event.released">
        <source>Released</source>
        <translation>已释放</translation>
    </message>
    <message id="instances.event.observed-preparing">
        <source>Preparing</source>
        <translation>准备中</translation>
    </message>
    <message id="instances.event.observed-starting">
        <source>Starting</source>
        <translation>启动中</translation>
    </message>
    <message id="instances.event.observed-ready">
        <source>Answers</source>
        <translation>已响应</translation>
    </message>
    <message id="instances.event.observed-stopping">
        <source>Stopping</source>
        <translation>停止中</translation>
    </message>
    <message id="instances.event.observed-exited">
        <source>Ended by itself</source>
        <translation>自行结束</translation>
    </message>
    <message id="instances.event.observed-gone">
        <source>Confirmed gone</source>
        <translation>确认已结束</translation>
    </message>
    <message id="instances.event.observed-failed">
        <source>Failed</source>
        <translation>失败</translation>
    </message>
    <message id="instances.event.observed-gpu-quarantined">
        <source>Card not proven free</source>
        <translation>显卡未确认释放</translation>
    </message>
    <message id="instances.event.missing">
        <source>Missing on its machine</source>
        <translation>机器上未找到</translation>
    </message>
    <message id="instances.event.heard-again">
        <source>Heard of again</source>
        <translation>恢复响应</translation>
    </message>
    <message id="instances.event.node-restarted">
        <source>Its machine restarted</source>
        <translation>机器已重启</translation>
    </message>
    <message id="instances.event.node-silent">
        <source>Its machine fell silent</source>
        <translation>机器无响应</translation>
    </message>
    <message id="instances.event.unreachable-too-long">
        <source>Silent for too long</source>
        <translation>长时间无响应</translation>
    </message>
    <message id="instances.event.node-declared-off">
        <source>Its machine was declared off</source>
        <translation>机器被声明为已关机</translation>
    </message>
    <message id="instances.event.adopted">
        <source>Adopted</source>
        <translation>已接管</translation>
    </message>
    <message id="instances.event.signal-failed">
        <source>Use cannot be seen</source>
        <translation>无法获知使用情况</translation>
    </message>
    <message id="instances.event.person-disabled">
        <source>Its owner was disabled</source>
        <translation>所有者已停用</translation>
    </message>
    <message id="queue.vram">
        <source>VRAM each</source>
        <translation>每张显存</translation>
    </message>
    <message id="people.name">
        <source>Name</source>
        <translation>姓名</translation>
    </message>
    <message id="people.email">
        <source>E-mail</source>
        <translation>邮箱</translation>
    </message>
    <message id="people.role">
        <source>Role</source>
        <translation>角色</translation>
    </message>
    <message id="people.role.creator">
        <source>Creator</source>
        <translation>创作者</translation>
    </message>
    <message id="people.role.team_lead">
        <source>Team lead</source>
        <translation>团队负责人</translation>
    </message>
    <message id="people.role.auditor">
        <source>Auditor</source>
        <translation>审计员</translation>
    </message>
    <message id="people.role.admin">
        <source>Admin</source>
        <translation>管理员</translation>
    </message>
    <message id="people.teams">
        <source>Teams</source>
        <translation>团队</translation>
    </message>
    <message id="people.account">
        <source>Account</source>
        <translation>账户</translation>
    </message>
    <message id="people.account.local">
        <source>local</source>
        <translation>本地</translation>
    </message>
    <message id="people.account.provider">
        <source>provider</source>
        <translation>身份提供方</translation>
    </message>
    <message id="people.state">
        <source>State</source>
        <translation>状态</translation>
    </message>
    <message id="people.state.active">
        <source>Active</source>
        <translation>正常</translation>
    </message>
    <message id="people.state.disabled">
        <source>Disabled</source>
        <translation>已停用</translation>
    </message>
    <message id="people.seen">
        <source>Last seen</source>
        <translation>最近在线</translation>
    </message>
    <message id="people.sessions">
        <source>Signed in</source>
        <translation>登录数</translation>
    </message>
    <message id="people.sessions.meaning">
        <source>Programs and browsers that are signed in.</source>
        <translation>已登录的程序和浏览器数。</translation>
    </message>
    <message id="people.tokens">
        <source>Tokens</source>
        <translation>令牌</translation>
    </message>
    <message id="people.live">
        <source>Instances now</source>
        <translation>当前实例</translation>
    </message>
    <message id="people.id">
        <source>ID</source>
        <translation>标识</translation>
    </message>
    <message id="people.token.name">
        <source>Token</source>
        <translation>令牌</translation>
    </message>
    <message id="people.token.used">
        <source>Last used</source>
        <translation>最近使用</translation>
    </message>
    <message id="people.token.ends">
        <source>Ends</source>
        <translation>到期时间</translation>
    </message>
    <message id="people.token.made">
        <source>Created</source>
        <translation>创建时间</translation>
    </message>
    <message id="people.empty">
        <source>Nobody has an account yet.</source>
        <translation>还没有任何账户。</translation>
    </message>
    <message id="people.several">
        <source>{count} people selected</source>
        <translation>已选择 {count} 位人员</translation>
    </message>
    <message id="people.add">
        <source>New account…</source>
        <translation>新建账户…</translation>
    </message>
    <message id="people.add.title">
        <source>New account</source>
        <translation>新建账户</translation>
    </message>
    <message id="people.add.text">
        <source>For somebody who has no account with the studio's sign-in provider. They get a one-time password and choose their own at the first sign-in.</source>
        <translation>适用于没有工作室身份提供方账户的人员。系统会生成一次性密码，首次登录时由本人更改。</translation>
    </message>
    <message id="people.add.username">
        <source>User name</source>
        <translation>用户名</translation>
    </message>
    <message id="people.add.username.hint">
        <source>for signing in, such as lin</source>
        <translation>用于登录，例如 lin</translation>
    </message>
    <message id="people.add.name">
        <source>Name that others see</source>
        <translation>显示名称</translation>
    </message>
    <message id="people.add.name.hint">
        <source>such as Lin Xia</source>
        <translation>例如 林夏</translation>
    </message>
    <message id="people.add.yes">
        <source>Create the account</source>
        <translation>创建账户</translation>
    </message>
    <message id="people.add.asking">
        <source>Creating the account…</source>
        <translation>正在创建账户…</translation>
    </message>
    <message id="people.added.title">
        <source>{name} has an account</source>
        <translation>已为 {name} 创建账户</translation>
    </message>
    <message id="people.added.text">
        <source>This password is shown now and never again. Give it to {name} in a way that only they can read; it works once, for choosing another.</source>
        <translation>此密码仅显示这一次。请以只有 {name} 能看到的方式告知；它只能用一次，用于设置新密码。</translation>
    </message>
    <message id="people.added.password">
        <source>One-time password</source>
        <translation>一次性密码</translation>
    </message>
    <message id="people.added.copy">
        <source>Copy the password</source>
        <translation>复制密码</translation>
    </message>
    <message id="people.added.copied">
        <source>Copied</source>
        <translation>已复制</translation>
    </message>
    <message id="people.added.close">
        <source>Done</source>
        <translation>完成</translation>
    </message>
    <message id="people.role.change">
        <source>Change role…</source>
        <translation>更改角色…</translation>
    </message>
    <message id="people.role.title">
        <source>Role of {name}</source>
        <translation>{name} 的角色</translation>
    </message>
    <message id="people.role.creator.meaning">
        <source>Uses engines; sees only their own.</source>
        <translation>使用引擎，只能看到自己的内容。</translation>
    </message>
    <message id="people.role.team_lead.meaning">
        <source>Uses engines; sees what their team uses.</source>
        <translation>使用引擎，可查看团队的使用情况。</translation>
    </message>
    <message id="people.role.auditor.meaning">
        <source>Sees everything in this window and changes nothing.</source>
        <translation>可查看本窗口的全部内容，但不能更改。</translation>
    </message>
    <message id="people.role.admin.meaning">
        <source>Sees and changes everything.</source>
        <translation>可查看和更改全部内容。</translation>
    </message>
    <message id="people.role.provider">
        <source>The role given here wins over what the sign-in provider says.</source>
        <translation>此处设置的角色优先于身份提供方给出的角色。</translation>
    </message>
    <message id="people.role.yes">
        <source>Give this role</source>
        <translation>设为此角色</translation>
    </message>
    <message id="people.role.done">
        <source>{name} is {role} now.</source>
        <translation>{name} 现在是{role}。</translation>
    </message>
    <message id="people.disable">
        <source>Disable…</source>
        <translation>停用…</translation>
    </message>
    <message id="people.disable.title">
        <source>Disable {name}?</source>
        <translation>停用 {name}？</translation>
    </message>
    <message id="people.disable.sessions">
        <source>Signed in: {count}; each ends at once, open pages too</source>
        <translation>登录数 {count}：全部立即结束，包括已打开的页面</translation>
    </message>
    <message id="people.disable.tokens">
        <source>API tokens: {count}; none of them works any more</source>
        <translation>API 令牌数 {count}：全部停止生效</translation>
    </message>
    <message id="people.disable.running">
        <source>Running: {names}; it goes on until it is released, and nobody can open it</source>
        <translation>运行中：{names}；会继续运行直至释放，但无人能打开</translation>
    </message>
    <message id="people.disable.waiting">
        <source>In the queue: {names}; taken out</source>
        <translation>排队中：{names}；将移出队列</translation>
    </message>
    <message id="people.disable.consequence">
        <source>Files are kept. Enabling the account again brings everything back but the sessions.</source>
        <translation>文件会保留。重新启用账户后一切恢复，但需重新登录。</translation>
    </message>
    <message id="people.disable.yes">
        <source>Disable {name}</source>
        <translation>停用 {name}</translation>
    </message>
    <message id="people.disable.done">
        <source>{name} is locked out.</source>
        <translation>{name} 已停用。</translation>
    </message>
    <message id="people.enable">
        <source>Enable</source>
        <translation>启用</translation>
    </message>
    <message id="people.enable.done">
        <source>{name} may sign in again.</source>
        <translation>{name} 可以重新登录。</translation>
    </message>
    <message id="people.out">
        <source>Sign out everywhere…</source>
        <translation>退出所有登录…</translation>
    </message>
    <message id="people.out.title">
        <source>Sign {name} out everywhere?</source>
        <translation>让 {name} 退出所有登录？</translation>
    </message>
    <message id="people.out.victims">
        <source>Signed in: {count}; each program and browser ends at once</source>
        <translation>登录数 {count}：所有程序和浏览器立即退出</translation>
    </message>
    <message id="people.out.consequence">
        <source>They can sign in again. Engines keep running, and API tokens keep working.</source>
        <translation>可以重新登录。引擎继续运行，API 令牌仍然有效。</translation>
    </message>
    <message id="people.out.yes">
        <source>Sign out everywhere</source>
        <translation>退出所有登录</translation>
    </message>
    <message id="people.out.done">
        <source>{name}: {count} signed out.</source>
        <translation>{name}：已退出 {count} 处登录。</translation>
    </message>
    <message id="people.to_instances">
        <source>Instances</source>
        <translation>实例</translation>
    </message>
    <message id="people.token.none">
        <source>No API tokens.</source>
        <translation>没有 API 令牌。</translation>
    </message>
    <message id="people.token.revoke">
        <source>Revoke…</source>
        <translation>吊销…</translation>
    </message>
    <message id="people.token.revoke.title.one">
        <source>Revoke {token} of {name}?</source>
        <translation>吊销 {name} 的令牌 {token}？</translation>
    </message>
    <message id="people.token.revoke.title.many">
        <source>Revoke {count} tokens of {name}?</source>
        <translation>吊销 {name} 的 {count} 个令牌？</translation>
    </message>
    <message id="people.token.revoke.victim">
        <source>{token}, last used {at}</source>
        <translation>{token}，最近使用 {at}</translation>
    </message>
    <message id="people.token.revoke.consequence">
        <source>Scripts that sign in with it are refused at once. A revoked token cannot be brought back.</source>
        <translation>使用该令牌登录的脚本会立即被拒绝。已吊销的令牌无法恢复。</translation>
    </message>
    <message id="people.token.revoke.yes">
        <source>Revoke</source>
        <translation>吊销</translation>
    </message>
    <message id="people.token.revoked">
        <source>Revoked: {count}.</source>
        <translation>已吊销 {count} 个。</translation>
    </message>
    <message id="catalogue.engine">
        <source>Engine</source>
        <translation>引擎</translation>
    </message>
    <message id="catalogue.version">
        <source>Version</source>
        <translation>版本</translation>
    </message>
    <message id="catalogue.state">
        <source>State</source>
        <translation>状态</translation>
    </message>
    <message id="catalogue.state.default">
        <source>Offered, default</source>
        <translation>可用，默认</translation>
    </message>
    <message id="catalogue.state.offered">
        <source>Offered</source>
        <translation>可用</translation>
    </message>
    <message id="catalogue.state.withdrawn">
        <source>Withdrawn</source>
        <translation>已撤下</translation>
    </message>
    <message id="catalogue.state.gone">
        <source>Not in the catalogue</source>
        <translation>不在引擎目录中</translation>
    </message>
    <message id="catalogue.need">
        <source>Needs</source>
        <translation>需求</translation>
    </message>
    <message id="catalogue.live">
        <source>Running</source>
        <translation>运行中</translation>
    </message>
    <message id="catalogue.waiting">
        <source>Waiting</source>
        <translation>排队中</translation>
    </message>
    <message id="catalogue.all">
        <source>Instances</source>
        <translation>实例</translation>
    </message>
    <message id="catalogue.summary">
        <source>Summary</source>
        <translation>简介</translation>
    </message>
    <message id="catalogue.id">
        <source>ID</source>
        <translation>标识</translation>
    </message>
    <message id="catalogue.file">
        <source>File</source>
        <translation>文件</translation>
    </message>
    <message id="catalogue.line">
        <source>Line</source>
        <translation>行</translation>
    </message>
    <message id="catalogue.field">
        <source>Field</source>
        <translation>字段</translation>
    </message>
    <message id="catalogue.message">
        <source>What is wrong</source>
        <translation>问题</translation>
    </message>
    <message id="catalogue.empty">
        <source>No engine is published yet.</source>
        <translation>尚未发布任何引擎。</translation>
    </message>
    <message id="catalogue.folder">
        <source>the catalogue folder</source>
        <translation>引擎目录所在文件夹</translation>
    </message>
    <message id="catalogue.loaded">
        <source>Loaded {at} from {folder}. It is read again by itself when a file changes.</source>
        <translation>于 {at} 从 {folder} 加载。文件更改后会自动重新读取。</translation>
    </message>
    <message id="catalogue.loading">
        <source>Asking the coordinator for the catalogue…</source>
        <translation>正在向协调器查询引擎目录…</translation>
    </message>
    <message id="catalogue.broken.one">
        <source>1 entry cannot be used</source>
        <translation>1 个条目无法使用</translation>
    </message>
    <message id="catalogue.broken.many">
        <source>{count} entries cannot be used</source>
        <translation>{count} 个条目无法使用</translation>
    </message>
    <message id="catalogue.to_instances">
        <source>Show its instances</source>
        <translation>查看其实例</translation>
    </message>
    <message id="catalogue.mend">
        <source>Everything else in the catalogue works meanwhile.</source>
        <translation>引擎目录中的其他条目不受影响。</translation>
    </message>
    <message id="audit.time">
        <source>Time</source>
        <translation>时间</translation>
    </message>
    <message id="audit.who">
        <source>Who</source>
        <translation>操作者</translation>
    </message>
    <message id="audit.what">
        <source>What</source>
        <translation>操作</translation>
    </message>
    <message id="audit.target">
        <source>Target</source>
        <translation>对象</translation>
    </message>
    <message id="audit.outcome">
        <source>Outcome</source>
        <translation>结果</translation>
    </message>
    <message id="audit.outcome.done">
        <source>done</source>
        <translation>成功</translation>
    </message>
    <message id="audit.outcome.refused">
        <source>refused</source>
        <translation>被拒绝</translation>
    </message>
    <message id="audit.detail">
        <source>Detail</source>
        <translation>详情</translation>
    </message>
    <message id="audit.number">
        <source>Number</source>
        <translation>编号</translation>
    </message>
    <message id="audit.empty">
        <source>No entry matches.</source>
        <translation>没有符合条件的记录。</translation>
    </message>
    <message id="audit.search">
        <source>Search all of it</source>
        <translation>搜索全部记录</translation>
    </message>
    <message id="audit.search.hint">
        <source>who, what, target or detail; Enter asks the coordinator</source>
        <translation>操作者、操作、对象或详情，按回车向协调器查询</translation>
    </message>
    <message id="audit.newest">
        <source>Load the newest</source>
        <translation>加载最新记录</translation>
    </message>
    <message id="audit.older">
        <source>Load older entries</source>
        <translation>加载更早的记录</translation>
    </message>
    <message id="audit.all">
        <source>That is all: the log begins {at}.</source>
        <translation>已全部加载：日志始于 {at}。</translation>
    </message>
    <message id="audit.shown">
        <source>Entries: {count}, back to {at}. Older ones come as you scroll.</source>
        <translation>{count} 条记录，最早 {at}。向下滚动会加载更早的记录。</translation>
    </message>
    <message id="audit.loading">
        <source>Asking the coordinator…</source>
        <translation>正在查询协调器…</translation>
    </message>
    <message id="audit.did.device-sign-in">
        <source>Signed in a program by its code</source>
        <translation>用代码登录程序</translation>
    </message>
    <message id="audit.did.door">
        <source>Was refused at an engine's door</source>
        <translation>在引擎入口被拒绝</translation>
    </message>
    <message id="audit.did.guest-start">
        <source>Started a shared instance</source>
        <translation>启动共享的实例</translation>
    </message>
    <message id="audit.did.hand-off">
        <source>Was refused on the way into an engine</source>
        <translation>进入引擎途中被拒绝</translation>
    </message>
    <message id="audit.did.issuer-key-rotate">
        <source>A new key for signing in</source>
        <translation>更换登录签名密钥</translation>
    </message>
    <message id="audit.did.link-request">
        <source>Asked for an earlier account's instances</source>
        <translation>申请接管旧账户的实例</translation>
    </message>
    <message id="audit.did.link-withdraw">
        <source>Withdrew that request</source>
        <translation>撤回接管申请</translation>
    </message>
    <message id="audit.did.link-approve">
        <source>Approved the move of an account</source>
        <translation>批准账户转移</translation>
    </message>
    <message id="audit.did.link-refuse">
        <source>Refused the move of an account</source>
        <translation>拒绝账户转移</translation>
    </message>
    <message id="audit.did.person-link">
        <source>An account was moved</source>
        <translation>账户已转移</translation>
    </message>
    <message id="audit.did.node-hardware">
        <source>A machine is on other hardware</source>
        <translation>机器的硬件已更换</translation>
    </message>
    <message id="audit.did.node-take-over">
        <source>Took over a machine with a newer certificate</source>
        <translation>接管证书较新的机器</translation>
    </message>
    <message id="audit.did.authority-announce">
        <source>Announced a new authority</source>
        <translation>公布新的证书颁发机构</translation>
    </message>
    <message id="audit.did.authority-cancel">
        <source>Withdrew the new authority</source>
        <translation>撤销新的证书颁发机构</translation>
    </message>
    <message id="audit.did.authority-switch">
        <source>Switched to the new authority</source>
        <translation>切换到新的证书颁发机构</translation>
    </message>
    <message id="audit.did.authority-finish">
        <source>Ended trust in the old authority</source>
        <translation>不再信任旧的证书颁发机构</translation>
    </message>
    <message id="audit.did.password-change">
        <source>Changed a password</source>
        <translation>修改密码</translation>
    </message>
    <message id="audit.did.password-reset">
        <source>Reset a password</source>
        <translation>重置密码</translation>
    </message>
    <message id="audit.did.second-factor">
        <source>Gave a second factor</source>
        <translation>提交双重验证</translation>
    </message>
    <message id="audit.did.second-factor-set">
        <source>Set up a second factor</source>
        <translation>设置双重验证</translation>
    </message>
    <message id="audit.did.authorize">
        <source>Asked for a sign-in</source>
        <translation>请求登录</translation>
    </message>
    <message id="audit.did.device-code">
        <source>Entered a program's code</source>
        <translation>输入程序代码</translation>
    </message>
    <message id="audit.did.recovery-codes">
        <source>Made new recovery codes</source>
        <translation>生成新的恢复码</translation>
    </message>
    <message id="audit.did.second-factor-off">
        <source>Removed the second factor</source>
        <translation>移除双重验证</translation>
    </message>
    <message id="audit.did.second-factor-reset">
        <source>Reset a second factor</source>
        <translation>重置双重验证</translation>
    </message>
    <message id="audit.did.sign-in">
        <source>Signed in</source>
        <translation>登录</translation>
    </message>
    <message id="audit.did.share">
        <source>Shared an instance</source>
        <translation>共享实例</translation>
    </message>
    <message id="audit.did.unshare">
        <source>Ended a share</source>
        <translation>结束共享</translation>
    </message>
    <message id="audit.did.token">
        <source>Renewed a sign-in</source>
        <translation>续期登录</translation>
    </message>
    <message id="audit.did.visit">
        <source>Opened an engine</source>
        <translation>打开引擎</translation>
    </message>
    <message id="audit.did.account-create">
        <source>Created an account</source>
        <translation>创建账户</translation>
    </message>
    <message id="audit.did.first-admin">
        <source>Created the first admin</source>
        <translation>创建首位管理员</translation>
    </message>
    <message id="audit.did.token-create">
        <source>Created an API token</source>
        <translation>创建 API 令牌</translation>
    </message>
    <message id="audit.did.token-revoke">
        <source>Revoked an API token</source>
        <translation>吊销 API 令牌</translation>
    </message>
    <message id="audit.did.join-command">
        <source>Made a join command</source>
        <translation>生成加入命令</translation>
    </message>
    <message id="audit.did.node-join">
        <source>A machine joined</source>
        <translation>机器加入</translation>
    </message>
    <message id="audit.did.node-enrol">
        <source>A machine was enrolled</source>
        <translation>机器已登记</translation>
    </message>
    <message id="audit.did.node-renew">
        <source>A machine renewed its certificate</source>
        <translation>机器续期证书</translation>
    </message>
    <message id="audit.did.node-duplicate">
        <source>A machine's certificate was used twice</source>
        <translation>机器证书被重复使用</translation>
    </message>
    <message id="audit.did.certificate-revoke">
        <source>Revoked a certificate</source>
        <translation>吊销证书</translation>
    </message>
    <message id="audit.did.node-revoke">
        <source>Revoked a machine</source>
        <translation>吊销机器</translation>
    </message>
    <message id="audit.did.node-drain">
        <source>Drained a machine</source>
        <translation>将机器设为维护</translation>
    </message>
    <message id="audit.did.node-undrain">
        <source>Ended the draining of a machine</source>
        <translation>结束机器维护</translation>
    </message>
    <message id="audit.did.node-update">
        <source>Changed a machine</source>
        <translation>修改机器</translation>
    </message>
    <message id="audit.did.node-declare-off">
        <source>Declared a machine off</source>
        <translation>声明机器已关机</translation>
    </message>
    <message id="audit.did.ledger-accept">
        <source>Made a machine accept the ledger</source>
        <translation>使机器接受账本</translation>
    </message>
    <message id="audit.did.unclaimed-stop">
        <source>Stopped an unclaimed container</source>
        <translation>停止未认领的容器</translation>
    </message>
    <message id="audit.did.unclaimed-keep">
        <source>Kept an unclaimed container</source>
        <translation>保留未认领的容器</translation>
    </message>
    <message id="audit.did.person-disable">
        <source>Disabled a person</source>
        <translation>停用人员</translation>
    </message>
    <message id="audit.did.person-enable">
        <source>Enabled a person</source>
        <translation>启用人员</translation>
    </message>
    <message id="audit.did.person-role">
        <source>Changed a role</source>
        <translation>更改角色</translation>
    </message>
    <message id="audit.did.instance-stop">
        <source>Stopped somebody's instance</source>
        <translation>停止他人的实例</translation>
    </message>
    <message id="audit.did.instance-delete">
        <source>Deleted an instance</source>
        <translation>删除实例</translation>
    </message>
    <message id="audit.did.instance-restore">
        <source>Restored an instance</source>
        <translation>恢复实例</translation>
    </message>
    <message id="audit.did.instance-logs">
        <source>Read somebody's log</source>
        <translation>查看他人的日志</translation>
    </message>
    <message id="audit.did.person-sign-out">
        <source>Signed somebody out everywhere</source>
        <translation>退出他人的所有登录</translation>
    </message>
    <message id="studio.here">
        <source>This window</source>
        <translation>本窗口</translation>
    </message>
    <message id="studio.studio">
        <source>The studio</source>
        <translation>工作室</translation>
    </message>
    <message id="studio.section">
        <source>Section</source>
        <translation>部分</translation>
    </message>
    <message id="studio.section.top">
        <source>(top)</source>
        <translation>（顶层）</translation>
    </message>
    <message id="studio.key">
        <source>Key</source>
        <translation>键</translation>
    </message>
    <message id="studio.value">
        <source>Value</source>
        <translation>值</translation>
    </message>
    <message id="studio.origin">
        <source>From</source>
        <translation>来源</translation>
    </message>
    <message id="studio.origin.default">
        <source>default</source>
        <translation>默认</translation>
    </message>
    <message id="studio.origin.set">
        <source>set</source>
        <translation>已设置</translation>
    </message>
    <message id="studio.meaning">
        <source>Meaning</source>
        <translation>含义</translation>
    </message>
    <message id="studio.edit">
        <source>Edit {file} on the coordinator's machine; it takes effect when the coordinator restarts. Engines keep running meanwhile.</source>
        <translation>请在协调器所在机器上编辑 {file}，重启协调器后生效。期间引擎继续运行。</translation>
    </message>
    <message id="studio.loading">
        <source>Asking the coordinator…</source>
        <translation>正在查询协调器…</translation>
    </message>
    <message id="studio.version">
        <source>Version</source>
        <translation>版本</translation>
    </message>
    <message id="studio.started">
        <source>Running since</source>
        <translation>运行自</translation>
    </message>
    <message id="studio.ledger">
        <source>Ledger</source>
        <translation>账本</translation>
    </message>
    <message id="studio.ledger.value">
        <source>{id}, revision {revision}</source>
        <translation>{id}，修订 {revision}</translation>
    </message>
    <message id="studio.pin">
        <source>Fingerprint</source>
        <translation>指纹</translation>
    </message>
    <message id="studio.pin.meaning">
        <source>Of the coordinator's certificate authority: what people compare at their first connection.</source>
        <translation>协调器证书颁发机构的指纹，首次连接时供核对。</translation>
    </message>
    <message id="studio.copy">
        <source>Copy {what}</source>
        <translation>复制{what}</translation>
    </message>
    <message id="studio.copied">
        <source>Copied</source>
        <translation>已复制</translation>
    </message>
    <message id="studio.copy.label">
        <source>Copy</source>
        <translation>复制</translation>
    </message>
    <message id="studio.coordinator">
        <source>Coordinator</source>
        <translation>协调器</translation>
    </message>
    <message id="studio.account">
        <source>Account</source>
        <translation>账户</translation>
    </message>
    <message id="studio.account.value">
        <source>{person}, {role}</source>
        <translation>{person}，{role}</translation>
    </message>
    <message id="studio.sign_out">
        <source>Sign out</source>
        <translation>退出登录</translation>
    </message>
    <message id="studio.language">
        <source>Language</source>
        <translation>语言</translation>
    </message>
    <message id="studio.look">
        <source>Appearance</source>
        <translation>外观</translation>
    </message>
    <message id="studio.look.system">
        <source>Same as the desktop</source>
        <translation>跟随系统</translation>
    </message>
    <message id="studio.look.light">
        <source>Light</source>
        <translation>浅色</translation>
    </message>
    <message id="studio.look.dark">
        <source>Dark</source>
        <translation>深色</translation>
    </message>
    <message id="instances.parts">
        <source>Prepares</source>
        <translation>准备内容</translation>
    </message>
    <message id="instances.save.text">
        <source>Text (*.txt)</source>
        <translation>文本 (*.txt)</translation>
    </message>
    <message id="instances.save.pdf">
        <source>PDF, to print (*.pdf)</source>
        <translation>PDF，便于打印 (*.pdf)</translation>
    </message>
    <message id="queue.remove.many">
        <source>Take {count} out of the queue</source>
        <translation>将 {count} 个移出队列</translation>
    </message>
    <message id="overview.pool.figures">
        <source>{held} / {cards} held · {answering} / {machines} machines</source>
        <translation>占用 {held} / {cards} · 机器 {answering} / {machines}</translation>
    </message>
    <message id="people.token.choose">
        <source>Choose tokens to revoke.</source>
        <translation>请选择要吊销的令牌。</translation>
    </message>
    <message id="instances.days">
        <source>{days} days</source>
        <translation>{days} 天</translation>
    </message>
    <message id="queue.machine">
        <source>Machine</source>
        <translation>机器</translation>
    </message>
    <message id="queue.rule">
        <source>Rule</source>
        <translation>规则</translation>
    </message>
    <message id="queue.machines">
        <source>Why not there</source>
        <translation>各机器不可用的原因</translation>
    </message>
    <message id="queue.machines.none">
        <source>No machine was passed over.</source>
        <translation>没有被排除的机器。</translation>
    </message>
    <message id="instances.save.failed">
        <source>Cannot write {file}: {reason}. Choose another folder.</source>
        <translation>无法写入 {file}：{reason}。请选择其他文件夹。</translation>
    </message>
    <message id="overview.like.one-day">
        <source>the one day on record</source>
        <translation>有记录的 1 天</translation>
    </message>
    <message id="instances.refused">
        <source>Refused</source>
        <translation>已拒绝</translation>
    </message>
    <message id="instances.refused.many">
        <source>{count} connections since {at}</source>
        <translation>{count} 个连接，始于 {at}</translation>
    </message>
    <message id="instances.refused.one">
        <source>1 connection since {at}</source>
        <translation>1 个连接，始于 {at}</translation>
    </message>
    <message id="instances.refused.target">
        <source>{count} × {where} ({protocol})</source>
        <translation>{count} × {where}（{protocol}）</translation>
    </message>
    <message id="instances.shares">
        <source>Shared</source>
        <translation>共享</translation>
    </message>
    <message id="instances.shares.one">
        <source>with 1 person or team</source>
        <translation>与 1 位同事或团队</translation>
    </message>
    <message id="instances.shares.many">
        <source>with {count} people or teams</source>
        <translation>与 {count} 位同事或团队</translation>
    </message>
    <message id="instances.started_by">
        <source>Started by</source>
        <translation>启动者</translation>
    </message>
    <message id="people.role.here">
        <source>{role} (given here)</source>
        <translation>{role}（在此指定）</translation>
    </message>
    <message id="people.role.here.claims">
        <source>{role} (given here; otherwise {claims})</source>
        <translation>{role}（在此指定；否则为{claims}）</translation>
    </message>
    <message id="people.role.claims">
        <source>Take the given role back</source>
        <translation>收回指定的角色</translation>
    </message>
    <message id="people.role.claims.done">
        <source>{name} has the role again that comes with the account.</source>
        <translation>{name} 已恢复账户本身的角色。</translation>
    </message>
    <message id="people.username">
        <source>User name</source>
        <translation>用户名</translation>
    </message>
    <message id="people.factor">
        <source>Second factor</source>
        <translation>双重验证</translation>
    </message>
    <message id="people.factor.on">
        <source>set up</source>
        <translation>已设置</translation>
    </message>
    <message id="people.factor.off">
        <source>not set up</source>
        <translation>未设置</translation>
    </message>
    <message id="people.one_time">
        <source>One-time password</source>
        <translation>一次性密码</translation>
    </message>
    <message id="people.one_time.until">
        <source>waiting to be used until {at}</source>
        <translation>等待使用，至 {at}</translation>
    </message>
    <message id="people.added.until">
        <source>Good until {at}.</source>
        <translation>有效期至 {at}。</translation>
    </message>
    <message id="people.password">
        <source>Reset password…</source>
        <translation>重置密码…</translation>
    </message>
    <message id="people.password.title">
        <source>Reset the password of {name}?</source>
        <translation>重置 {name} 的密码？</translation>
    </message>
    <message id="people.password.consequence">
        <source>The old password is worth nothing at once, and every program and browser of theirs is signed out. You get a one-time password to hand over; it is good for three days.</source>
        <translation>旧密码立即失效，其所有程序和浏览器都会退出登录。您会得到一个可转交的一次性密码，三天内有效。</translation>
    </message>
    <message id="people.password.yes">
        <source>Reset password</source>
        <translation>重置密码</translation>
    </message>
    <message id="people.password.shown">
        <source>{name}: one-time password</source>
        <translation>{name}：一次性密码</translation>
    </message>
    <message id="people.password.text">
        <source>Hand it to {name}, who sets another one at the first sign-in.</source>
        <translation>请交给 {name}，对方首次登录时会设置新密码。</translation>
    </message>
    <message id="people.factor.reset">
        <source>Reset second factor…</source>
        <translation>重置双重验证…</translation>
    </message>
    <message id="people.factor.title">
        <source>Reset the second factor of {name}?</source>
        <translation>重置 {name} 的双重验证？</translation>
    </message>
    <message id="people.factor.consequence">
        <source>Their authenticator and recovery codes are worth nothing at once. Until they set up another one, the password alone signs them in, unless the studio demands a second factor.</source>
        <translation>其身份验证器和恢复代码立即失效。在重新设置之前，仅凭密码即可登录，除非工作室要求双重验证。</translation>
    </message>
    <message id="people.factor.yes">
        <source>Reset second factor</source>
        <translation>重置双重验证</translation>
    </message>
    <message id="people.factor.done">
        <source>The second factor of {name} is reset.</source>
        <translation>{name} 的双重验证已重置。</translation>
    </message>
    <message id="people.token.scopes">
        <source>For</source>
        <translation>用途</translation>
    </message>
    <message id="people.token.scope.api">
        <source>the studio's API</source>
        <translation>工作室 API</translation>
    </message>
    <message id="people.token.scope.engines">
        <source>engines</source>
        <translation>引擎</translation>
    </message>
    <message id="people.token.read_only">
        <source>{what}, reading only</source>
        <translation>{what}（只读）</translation>
    </message>
    <message id="people.token.engines.some">
        <source>engines {names}</source>
        <translation>引擎 {names}</translation>
    </message>
    <message id="people.token.soon">
        <source>{at}, soon</source>
        <translation>{at}，即将到期</translation>
    </message>
    <message id="links.one">
        <source>1 person asks for a former account.</source>
        <translation>1 人申请找回以前的账户。</translation>
    </message>
    <message id="links.many">
        <source>{count} people ask for a former account.</source>
        <translation>{count} 人申请找回以前的账户。</translation>
    </message>
    <message id="links.look">
        <source>Look…</source>
        <translation>查看…</translation>
    </message>
    <message id="links.title">
        <source>Former accounts</source>
        <translation>以前的账户</translation>
    </message>
    <message id="links.text">
        <source>They sign in through the studio's provider now and say that they had an account here before. Whoever you approve is that person from now on, with their engines, files, shares and tokens. Ask them, if you are not sure: a name is no proof.</source>
        <translation>他们现在通过工作室的提供方登录，并表示以前在此有账户。批准后，对方即成为该账户的本人，拥有其引擎、文件、共享和令牌。如不确定请先询问：名字不是证明。</translation>
    </message>
    <message id="links.who">
        <source>{name} asks for the account {username}</source>
        <translation>{name} 申请找回账户“{username}”</translation>
    </message>
    <message id="links.proven">
        <source>knew its password</source>
        <translation>知道其密码</translation>
    </message>
    <message id="links.named">
        <source>only named it</source>
        <translation>仅提供了名称</translation>
    </message>
    <message id="links.note">
        <source>Note: {note}</source>
        <translation>备注：{note}</translation>
    </message>
    <message id="links.gets">
        <source>Gets: {engines}</source>
        <translation>将获得：{engines}</translation>
    </message>
    <message id="links.gets.none">
        <source>Gets no engines</source>
        <translation>没有引擎可获得</translation>
    </message>
    <message id="links.keeps">
        <source>Keeps: {engines}</source>
        <translation>保留：{engines}</translation>
    </message>
    <message id="links.approve">
        <source>Approve</source>
        <translation>批准</translation>
    </message>
    <message id="links.refuse">
        <source>Refuse</source>
        <translation>拒绝</translation>
    </message>
    <message id="links.reason">
        <source>Why not? {name} reads it.</source>
        <translation>为什么拒绝？{name} 会看到。</translation>
    </message>
    <message id="links.approved">
        <source>{name} is now the person of the account {username}.</source>
        <translation>{name} 现已是账户“{username}”的本人。</translation>
    </message>
    <message id="links.refused">
        <source>The request of {name} is refused.</source>
        <translation>{name} 的申请已拒绝。</translation>
    </message>
    <message id="links.close">
        <source>Close</source>
        <translation>关闭</translation>
    </message>
    <message id="links.none">
        <source>Nobody asks any more.</source>
        <translation>已没有申请。</translation>
    </message>
    <message id="authority.title">
        <source>Authority</source>
        <translation>证书颁发机构</translation>
    </message>
    <message id="authority.signs">
        <source>Signs</source>
        <translation>签发中</translation>
    </message>
    <message id="authority.will">
        <source>Will sign</source>
        <translation>即将签发</translation>
    </message>
    <message id="authority.trusted">
        <source>Still trusted</source>
        <translation>仍受信任</translation>
    </message>
    <message id="authority.value">
        <source>{pin}, until {at}</source>
        <translation>{pin}，有效至 {at}</translation>
    </message>
    <message id="authority.phase">
        <source>Rotation</source>
        <translation>更换</translation>
    </message>
    <message id="authority.phase.steady">
        <source>nothing under way</source>
        <translation>未在进行</translation>
    </message>
    <message id="authority.phase.announced">
        <source>a successor is made known, since {at}</source>
        <translation>继任者已公布，自 {at}</translation>
    </message>
    <message id="authority.phase.switched">
        <source>the successor signs, since {at}</source>
        <translation>继任者已开始签发，自 {at}</translation>
    </message>
    <message id="authority.phase.unknown">
        <source>this window is too old to tell</source>
        <translation>此窗口版本过旧，无法显示</translation>
    </message>
    <message id="authority.next">
        <source>Next step</source>
        <translation>下一步</translation>
    </message>
    <message id="authority.next.steady">
        <source>announced by itself from {at}</source>
        <translation>自 {at} 起自动公布继任者</translation>
    </message>
    <message id="authority.next.announced">
        <source>switched by itself from {at}</source>
        <translation>自 {at} 起自动切换</translation>
    </message>
    <message id="authority.next.switched">
        <source>finished by itself from {at}</source>
        <translation>自 {at} 起自动完成</translation>
    </message>
    <message id="authority.next.waiting">
        <source>by itself once no machine is missing</source>
        <translation>所有机器更新后自动进行</translation>
    </message>
    <message id="authority.missing">
        <source>Machines missing</source>
        <translation>未更新的机器</translation>
    </message>
    <message id="authority.announce">
        <source>Announce a successor…</source>
        <translation>公布继任者…</translation>
    </message>
    <message id="authority.announce.title">
        <source>Announce a successor of the authority?</source>
        <translation>公布证书颁发机构的继任者？</translation>
    </message>
    <message id="authority.announce.consequence">
        <source>Machines learn it within a minute, desktops when they connect. The present authority goes on signing. Nothing else changes.</source>
        <translation>机器会在一分钟内获知，桌面程序在连接时获知。当前机构继续签发，其他不变。</translation>
    </message>
    <message id="authority.announce.yes">
        <source>Announce</source>
        <translation>公布</translation>
    </message>
    <message id="authority.announce.done">
        <source>A successor is announced.</source>
        <translation>继任者已公布。</translation>
    </message>
    <message id="authority.switch">
        <source>Switch to it…</source>
        <translation>切换…</translation>
    </message>
    <message id="authority.switch.title">
        <source>Let the successor sign?</source>
        <translation>由继任者签发？</translation>
    </message>
    <message id="authority.switch.consequence">
        <source>Desktops that have not connected since it was announced need a new link from you, and browsers warn until people trust the new certificate.</source>
        <translation>自公布以来未连接过的桌面程序需要新的链接；在用户信任新证书之前，浏览器会发出警告。</translation>
    </message>
    <message id="authority.switch.yes">
        <source>Switch</source>
        <translation>切换</translation>
    </message>
    <message id="authority.switch.done">
        <source>The successor signs from now on.</source>
        <translation>现由继任者签发。</translation>
    </message>
    <message id="authority.finish">
        <source>Finish…</source>
        <translation>完成…</translation>
    </message>
    <message id="authority.finish.title">
        <source>Trust the old authority no longer?</source>
        <translation>不再信任旧机构？</translation>
    </message>
    <message id="authority.finish.consequence">
        <source>What the old authority signed is refused from now on, and its key is destroyed.</source>
        <translation>旧机构签发的内容将被拒绝，其密钥会被销毁。</translation>
    </message>
    <message id="authority.finish.yes">
        <source>Finish</source>
        <translation>完成</translation>
    </message>
    <message id="authority.finish.done">
        <source>The old authority is forgotten.</source>
        <translation>旧机构已移除。</translation>
    </message>
    <message id="authority.cancel">
        <source>Cancel the rotation…</source>
        <translation>取消更换…</translation>
    </message>
    <message id="authority.cancel.title">
        <source>Forget the announced successor?</source>
        <translation>撤销已公布的继任者？</translation>
    </message>
    <message id="authority.cancel.consequence">
        <source>The present authority goes on as if nothing had been announced.</source>
        <translation>当前机构照常继续，如同未曾公布。</translation>
    </message>
    <message id="authority.cancel.yes">
        <source>Forget it</source>
        <translation>撤销</translation>
    </message>
    <message id="authority.cancel.done">
        <source>The successor is forgotten.</source>
        <translation>继任者已撤销。</translation>
    </message>
    <message id="authority.missing.victim">
        <source>{name}: must join again</source>
        <translation>{name}：必须重新加入</translation>
    </message>
    <message id="shares.empty">
        <source>Nobody shares an engine now.</source>
        <translation>目前没有共享的引擎。</translation>
    </message>
    <message id="shares.name">
        <source>Engine</source>
        <translation>引擎</translation>
    </message>
    <message id="shares.owner">
        <source>Owner</source>
        <translation>所有者</translation>
    </message>
    <message id="shares.guest">
        <source>Shared with</source>
        <translation>共享给</translation>
    </message>
    <message id="shares.access">
        <source>Access</source>
        <translation>权限</translation>
    </message>
    <message id="shares.until">
        <source>Until</source>
        <translation>截止</translation>
    </message>
    <message id="shares.since">
        <source>Since</source>
        <translation>开始</translation>
    </message>
    <message id="shares.team">
        <source>team {team}</source>
        <translation>团队 {team}</translation>
    </message>
    <message id="shares.use">
        <source>use</source>
        <translation>使用</translation>
    </message>
    <message id="shares.view">
        <source>view only</source>
        <translation>仅查看</translation>
    </message>
    <message id="shares.end">
        <source>Stop sharing…</source>
        <translation>停止共享…</translation>
    </message>
    <message id="shares.choose">
        <source>Choose a row first.</source>
        <translation>请先选择一行。</translation>
    </message>
    <message id="shares.end.title.one">
        <source>Stop sharing this engine?</source>
        <translation>停止共享此引擎？</translation>
    </message>
    <message id="shares.end.title.many">
        <source>Stop {count} shares?</source>
        <translation>停止 {count} 项共享？</translation>
    </message>
    <message id="shares.end.consequence">
        <source>The guests' open pages close within seconds. The engine goes on for its owner, who can share it again.</source>
        <translation>访客打开的页面会在几秒内关闭。引擎对所有者照常可用，所有者可以再次共享。</translation>
    </message>
    <message id="shares.end.yes">
        <source>Stop sharing</source>
        <translation>停止共享</translation>
    </message>
    <message id="shares.ended.one">
        <source>The share is ended.</source>
        <translation>共享已停止。</translation>
    </message>
    <message id="shares.ended.many">
        <source>{count} shares are ended.</source>
        <translation>已停止 {count} 项共享。</translation>
    </message>
    <message id="shares.victim">
        <source>{name} of {owner}, with {guest}, until {at}</source>
        <translation>{name}（{owner}），共享给 {guest}，至 {at}</translation>
    </message>
</context>
</TS>
