<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="zh_CN" sourcelanguage="en_US">
<context>
    <name></name>
    <message id="overview.title">
        <source>Overview</source>
        <translation>概览</translation>
    </message>
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
        <translation>{names}等，另有 {count} 项</translation>
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
        <source>{machine} refuses this coordinator’s ledger because it remembers a newer one: its engines keep running, and it takes no orders.</source>
        <translation>{machine} 拒绝此协调器的账本，因为它记录的账本更新：其引擎继续运行，但不接受指令。</translation>
    </message>
    <message id="overview.ledger.many">
        <source>{count} machines refuse this coordinator’s ledger because they remember a newer one: {machines}.</source>
        <translation>{count} 台机器拒绝此协调器的账本，因为它们记录的账本更新：{machines}。</translation>
    </message>
    <message id="overview.ledger.remedy">
        <source>Restore the newer ledger from its backup, or accept this one on the machine’s page.</source>
        <translation>请从备份恢复较新的账本，或在机器页面上接受当前账本。</translation>
    </message>
    <message id="overview.cut-off.one">
        <source>{machine} has not answered since {at}; {engines} of {people} may still be running there.</source>
        <translation>{machine} 自 {at} 起没有响应；{people} 的 {engines}可能仍在其上运行。</translation>
    </message>
    <message id="overview.cut-off.many">
        <source>{count} machines with engines on them do not answer: {machines}.</source>
        <translation>{count} 台有引擎运行的机器没有响应：{machines}。</translation>
    </message>
    <message id="overview.cut-off.remedy">
        <source>Look at power, network and the agent’s service. If it is off for good, say so on its page: that frees the data.</source>
        <translation>请检查电源、网络和代理服务。如果机器已永久关闭，请在其页面上声明，以释放数据。</translation>
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
        <translation>{owner} 的 {engine} 在等待，但没有任何在线机器能满足其需求。{line}。</translation>
    </message>
    <message id="overview.stuck.many">
        <source>{count} engines wait for what no answering machine has: {engines}.</source>
        <translation>{count} 个引擎在等待，但没有任何在线机器能满足其需求：{engines}。</translation>
    </message>
    <message id="overview.stuck.remedy">
        <source>Bring such a machine back, add one, or lower the need in the catalogue.</source>
        <translation>请恢复或添加符合要求的机器，或在目录中降低需求。</translation>
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
        <source>Run “aigc agent check” on the machine: it names each cause and its cure.</source>
        <translation>请在该机器上运行“aigc agent check”，它会列出每个原因及解决办法。</translation>
    </message>
    <message id="overview.away.one">
        <source>{machine} has not answered since {at}; nobody’s engine is on it.</source>
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
        <source>Look at power, network and the agent’s service, or drain it if it is meant to be off.</source>
        <translation>请检查电源、网络和代理服务；如果本就计划关机，请先设为维护。</translation>
    </message>
    <message id="overview.set-aside.one">
        <source>{cards} of {machine} set aside: not proven free after the last engine.</source>
        <translation>{machine} 的 {cards}已被隔离：上一个引擎结束后未确认释放。</translation>
    </message>
    <message id="overview.set-aside.many">
        <source>{count} machines have cards that are set aside, not proven free: {machines}.</source>
        <translation>{count} 台机器有显卡因未确认释放而被隔离：{machines}。</translation>
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
        <translation>请清理不再使用的镜像和数据，否则可能放不下下一个镜像。</translation>
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
        <source>Look at its clock and its agent’s log: renewal is tried by itself, and fails there.</source>
        <translation>请检查其时钟和代理日志：系统会自动续期，但在该机器上失败了。</translation>
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
        <source>Engines still start there. The machine’s page lists everything that it reports.</source>
        <translation>该机器仍可启动引擎。机器页面列出其报告的全部问题。</translation>
    </message>
    <message id="overview.unclaimed.one">
        <source>{containers} on {machine} that no ledger entry claims; stopped from {at} on unless somebody decides.</source>
        <translation>{machine} 上有 {containers}未被任何账本记录认领；若无人处理，将自 {at} 起停止。</translation>
    </message>
    <message id="overview.unclaimed.many">
        <source>{count} machines run containers that no ledger entry claims: {machines}.</source>
        <translation>{count} 台机器上有未被任何账本记录认领的容器：{machines}。</translation>
    </message>
    <message id="overview.unclaimed.remedy">
        <source>Keep or stop them on the machine’s page.</source>
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
        <translation>其经过和日志说明了发生的情况。</translation>
    </message>
    <message id="overview.failed.show">
        <source>Show what failed</source>
        <translation>查看失败项</translation>
    </message>
    <message id="overview.catalogue.one">
        <source>One entry of the catalogue cannot be used. {place}: {message}</source>
        <translation>目录中有一个条目无法使用。{place}：{message}</translation>
    </message>
    <message id="overview.catalogue.many">
        <source>{count} entries of the catalogue cannot be used. {place}: {message}</source>
        <translation>目录中有 {count} 个条目无法使用。{place}：{message}</translation>
    </message>
    <message id="overview.catalogue.remedy">
        <source>Mend the file: it is read again by itself. Everything else in the catalogue works.</source>
        <translation>请修正该文件，系统会自动重新读取。目录中的其他条目不受影响。</translation>
    </message>
    <message id="overview.catalogue.show">
        <source>Show the catalogue</source>
        <translation>查看目录</translation>
    </message>
    <message id="overview.clock.behind">
        <source>This computer’s clock is {span} behind the coordinator’s.</source>
        <translation>本机时钟比协调器慢 {span}。</translation>
    </message>
    <message id="overview.clock.ahead">
        <source>This computer’s clock is {span} ahead of the coordinator’s.</source>
        <translation>本机时钟比协调器快 {span}。</translation>
    </message>
    <message id="overview.clock.remedy">
        <source>Let both take the time from the network: times in this window are off by as much.</source>
        <translation>请让两者都从网络同步时间，否则本窗口显示的时间会有同样的偏差。</translation>
    </message>
    <message id="overview.version.one">
        <source>{machines} runs agent {versions}; {newest} is current.</source>
        <translation>{machines} 的代理版本为 {versions}，当前版本为 {newest}。</translation>
    </message>
    <message id="overview.version.many">
        <source>{count} machines run an older agent ({versions}) than {newest}: {machines}.</source>
        <translation>{count} 台机器的代理版本（{versions}）低于 {newest}：{machines}。</translation>
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
        <source>{held} of {cards} cards held; {answering} of {machines} machines answer.</source>
        <translation>{cards} 张显卡中已占用 {held} 张；{machines} 台机器中有 {answering} 台在线。</translation>
    </message>
    <message id="overview.full.no_machines">
        <source>The studio has no machine yet. Add one on the Machines page.</source>
        <translation>工作室还没有机器。请在“机器”页面添加。</translation>
    </message>
    <message id="overview.full.no_cards">
        <source>{machines} machines, no graphics card.</source>
        <translation>{machines} 台机器，没有显卡。</translation>
    </message>
    <message id="overview.pool">
        <source>Pool</source>
        <translation>机器池</translation>
    </message>
    <message id="overview.pool.all">
        <source>All</source>
        <translation>全部</translation>
    </message>
    <message id="overview.machines">
        <source>Machines</source>
        <translation>机器</translation>
    </message>
    <message id="overview.cards">
        <source>Cards</source>
        <translation>显卡</translation>
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
        <translation>占用，使用率未知</translation>
    </message>
    <message id="overview.free">
        <source>Free</source>
        <translation>空闲</translation>
    </message>
    <message id="overview.out">
        <source>Out of service</source>
        <translation>不可用</translation>
    </message>
    <message id="overview.waiting">
        <source>Waiting</source>
        <translation>排队中</translation>
    </message>
    <message id="overview.waiting.none">
        <source>Nobody waits.</source>
        <translation>无人排队。</translation>
    </message>
    <message id="overview.waiting.some">
        <source>{count} in the queue</source>
        <translation>{count} 个在排队</translation>
    </message>
    <message id="overview.of">
        <source>{answering} of {machines}</source>
        <translation>{answering} / {machines}</translation>
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
        <source>cards held</source>
        <translation>占用的显卡</translation>
    </message>
    <message id="overview.today.unknown">
        <source>How full today was is not known yet.</source>
        <translation>今天的使用情况尚不清楚。</translation>
    </message>
    <message id="overview.today.first">
        <source>Cards held now: {held}. What is usual is known after the first whole day.</source>
        <translation>目前占用 {held} 张显卡。满一天后才能得出平常水平。</translation>
    </message>
    <message id="overview.today.gap">
        <source>Cards held now: {held}; of this time of the day nothing is known ({days}).</source>
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
        <source>the last {days} days of weekends</source>
        <translation>最近 {days} 个周末日</translation>
    </message>
    <message id="overview.like.all">
        <source>the last {days} days known</source>
        <translation>此前 {days} 天</translation>
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
    <message id="instances.title">
        <source>Instances</source>
        <translation>实例</translation>
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
        <translation>显存 已用 / 可用</translation>
    </message>
    <message id="instances.vram.meaning">
        <source>What this instance uses of the card memory that is its own: its reserved share, or its whole cards.</source>
        <translation>此实例已用的显存与其可用显存：即其预留份额，或整张显卡。</translation>
    </message>
    <message id="instances.gpu">
        <source>GPU</source>
        <translation>GPU 使用率</translation>
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
        <source>Made</source>
        <translation>创建时间</translation>
    </message>
    <message id="instances.id">
        <source>Id</source>
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
    <message id="instances.choose">
        <source>Choose an instance to see its state, its story and its log.</source>
        <translation>请选择一个实例，以查看其状态、经过和日志。</translation>
    </message>
    <message id="instances.several">
        <source>{count} instances chosen</source>
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
        <source>Files in the engine’s folders are kept. What is only in memory is lost: queued jobs, unsaved pages and notebooks. Each owner reads that IT stopped it, and can start it again.</source>
        <translation>引擎文件夹中的文件会保留。仅在内存中的内容会丢失，例如排队的任务、未保存的页面和笔记本。所有者会看到由 IT 停止的提示，并可重新启动。</translation>
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
        <source>It does not run.</source>
        <translation>它没有在运行。</translation>
    </message>
    <message id="instances.auditor">
        <source>Your role sees everything and changes nothing.</source>
        <translation>您的角色可查看全部内容，但不能更改。</translation>
    </message>
    <message id="instances.offline">
        <source>There is no connection to the coordinator.</source>
        <translation>与协调器没有连接。</translation>
    </message>
    <message id="instances.to_owner">
        <source>Owner in People</source>
        <translation>在“人员”中查看所有者</translation>
    </message>
    <message id="instances.to_machine">
        <source>Machine</source>
        <translation>机器</translation>
    </message>
    <message id="instances.tab.facts">
        <source>Facts</source>
        <translation>概况</translation>
    </message>
    <message id="instances.tab.story">
        <source>Story</source>
        <translation>经过</translation>
    </message>
    <message id="instances.tab.logs">
        <source>Log</source>
        <translation>日志</translation>
    </message>
    <message id="instances.logs.audited">
        <source>Reading somebody’s log is written to the audit log with your name.</source>
        <translation>查看他人的日志会连同您的姓名记入审计日志。</translation>
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
        <source>Nothing was written yet.</source>
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
    <message id="instances.print">
        <source>Print…</source>
        <translation>打印…</translation>
    </message>
    <message id="instances.saved">
        <source>Saved as {file}.</source>
        <translation>已保存为 {file}。</translation>
    </message>
    <message id="instances.save.title">
        <source>Save the story of {name}</source>
        <translation>保存 {name} 的经过</translation>
    </message>
    <message id="instances.save.failed">
        <source>Cannot write {file}: {reason}. Choose another folder.</source>
        <translation>无法写入 {file}：{reason}。请选择其他文件夹。</translation>
    </message>
    <message id="instances.story.title">
        <source>The story of {name}</source>
        <translation>{name} 的经过</translation>
    </message>
    <message id="instances.story.of">
        <source>{engine} {version} of {owner} · {id}</source>
        <translation>{owner} 的 {engine} {version} · {id}</translation>
    </message>
    <message id="instances.story.told">
        <source>Told {at} by {studio}. Times are those of this computer.</source>
        <translation>由 {studio} 于 {at} 给出。时间为本机时间。</translation>
    </message>
    <message id="instances.story.empty">
        <source>Nothing happened to it yet.</source>
        <translation>尚未发生任何事件。</translation>
    </message>
    <message id="instances.story.loading">
        <source>Asking the coordinator…</source>
        <translation>正在询问协调器…</translation>
    </message>
    <message id="instances.story.at">
        <source>Time</source>
        <translation>时间</translation>
    </message>
    <message id="instances.story.event">
        <source>Event</source>
        <translation>事件</translation>
    </message>
    <message id="instances.story.cause">
        <source>Cause</source>
        <translation>由谁</translation>
    </message>
    <message id="instances.story.change">
        <source>State</source>
        <translation>状态</translation>
    </message>
    <message id="instances.story.detail">
        <source>Detail</source>
        <translation>详情</translation>
    </message>
    <message id="instances.card">
        <source>{name}: {percent}, {memory}</source>
        <translation>{name}：{percent}，{memory}</translation>
    </message>
    <message id="instances.card.simulated">
        <source>{name} (simulated)</source>
        <translation>{name}（模拟）</translation>
    </message>
    <message id="instances.placed">
        <source>Where</source>
        <translation>位置</translation>
    </message>
    <message id="queue.title">
        <source>Queue</source>
        <translation>队列</translation>
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
        <source>Nobody waits. Whoever starts an engine gets a place at once.</source>
        <translation>无人排队。启动引擎的人会立即得到位置。</translation>
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
    <message id="queue.choose">
        <source>Choose an instance to see why it waits and which machines it could use.</source>
        <translation>请选择一个实例，以查看排队原因及可用的机器。</translation>
    </message>
    <message id="queue.remove">
        <source>Take out of the queue</source>
        <translation>移出队列</translation>
    </message>
    <message id="queue.remove.consequence">
        <source>They do not start; their data is kept, and each owner reads that IT stopped it. They can ask again.</source>
        <translation>它们不会启动；数据会保留，所有者会看到由 IT 停止的提示，并可再次请求。</translation>
    </message>
    <message id="queue.remove.title.one">
        <source>Take {name} of {owner} out of the queue?</source>
        <translation>将 {owner} 的 {name} 移出队列？</translation>
    </message>
    <message id="queue.remove.title.many">
        <source>Take {count} instances out of the queue?</source>
        <translation>将 {count} 个实例移出队列？</translation>
    </message>
</context>
</TS>
