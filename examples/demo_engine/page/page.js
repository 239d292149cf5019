"use strict";
const texts = {
  en: {
    title: "Demo engine", label: "What shall it look like?", make: "Make", gallery: "Gallery",
    empty: "Nothing yet. What you make stays here, also after a stop.", files: "Files",
    upload: "Upload a file", connected: "connected", lost: "connection lost, trying again",
    queued: n => `Waiting, ${n} before you`, working: "Drawing …", done: "Done.",
    hint: "fire over the sea at night", failed: "The upload failed: ",
  },
  zh: {
    title: "演示引擎", label: "想要什么样的画面？", make: "生成", gallery: "作品",
    empty: "还没有作品。你生成的内容会保留在这里，停止后也不会丢失。", files: "文件",
    upload: "上传文件", connected: "已连接", lost: "连接已断开，正在重试",
    queued: n => `排队中，前面还有 ${n} 个`, working: "正在绘制……", done: "完成。",
    hint: "夜晚海上的火", failed: "上传失败：",
  },
};
const asked = new URLSearchParams(location.search).get("lang") || navigator.language;
const lang = asked.startsWith("zh") ? "zh" : "en";
const t = texts[lang];
document.documentElement.lang = lang === "zh" ? "zh-CN" : "en";
document.title = t.title;
for (const element of document.querySelectorAll("[data-text]")) element.textContent = t[element.dataset.text];

const $ = id => document.getElementById(id);
$("prompt").placeholder = t.hint;
let socket, wait = 500;

function connect() {
  socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws`);
  socket.onopen = () => { wait = 500; $("link").textContent = t.connected; $("make").disabled = false; };
  socket.onclose = () => {
    $("link").textContent = t.lost; $("make").disabled = true; $("progress").hidden = true;
    setTimeout(connect, wait); wait = Math.min(wait * 2, 30000);
  };
  socket.onmessage = event => take(JSON.parse(event.data));
}
// Machinery, not a person: the template's activity rules say so.
setInterval(() => socket.readyState === WebSocket.OPEN && socket.send("alive"), 25000);
new EventSource("/heartbeat");

function take(message) {
  if (message.type === "queued") $("line").textContent = t.queued(message.before);
  if (message.type === "refused") { $("line").textContent = message.why; $("make").disabled = false; }
  if (message.type === "progress") {
    $("line").textContent = t.working; $("progress").hidden = false; $("progress").value = message.share;
  }
  if (message.type === "done") {
    $("progress").hidden = true; $("line").textContent = t.done; $("make").disabled = false;
    const figure = $("latest");
    figure.hidden = false;
    figure.querySelector("img").src = message.url;
    figure.querySelector("img").alt = message.prompt;
    figure.querySelector("figcaption").textContent = message.prompt;
    showGallery();
  }
}

$("form").addEventListener("submit", event => {
  event.preventDefault();
  const prompt = $("prompt").value.trim();
  if (!prompt || socket.readyState !== WebSocket.OPEN) return;
  $("make").disabled = true;
  socket.send(JSON.stringify({ prompt }));
});

async function showGallery() {
  const pictures = await (await fetch("/gallery")).json();
  $("empty").hidden = pictures.length > 0;
  $("gallery").replaceChildren(...pictures.map(picture => {
    const link = document.createElement("a"), image = document.createElement("img");
    link.href = picture.url;
    image.src = picture.url; image.alt = image.title = picture.prompt;
    image.loading = "lazy"; image.width = image.height = 136;
    link.append(image);
    return link;
  }));
}

async function showFiles() {
  const files = await (await fetch("/files")).json();
  $("files").replaceChildren(...files.map(file => {
    const item = document.createElement("li"), link = document.createElement("a");
    link.href = `/files/${encodeURIComponent(file.name)}`;
    link.textContent = file.name;
    item.append(link, ` (${file.bytes.toLocaleString(lang)} B)`);
    return item;
  }));
}

$("file").addEventListener("change", async () => {
  const file = $("file").files[0];
  if (!file) return;
  const answer = await fetch(`/files/${encodeURIComponent(file.name)}`, { method: "PUT", body: file });
  if (!answer.ok) $("line").textContent = t.failed + answer.statusText;
  $("file").value = "";
  showFiles();
});

connect(); showGallery(); showFiles();
