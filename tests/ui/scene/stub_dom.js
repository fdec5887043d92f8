// As much of a browser as the page's script touches. There is no innerHTML: it must not be needed.
var drawn = [];
var pen = new Proxy({}, {
  get(target, key) {
    if (key in target) return target[key];
    if (key === "measureText") return (text) => ({ width: 6 * text.length });
    return (...values) => { if (key === "fillText") drawn.push(values[0]); };
  },
});
function Element(name) {
  this.tagName = name.toUpperCase();
  this.children = [];
  this.own = "";
  this.listeners = {};
  this.style = { setProperty: (key, value) => { this.style[key] = value; } };
  this.classList = { add() {}, remove() {} };
  this.value = "";
  this.clientWidth = 800;
  this.clientHeight = 600;
}
Element.prototype = {
  get textContent() { return this.own + this.children.map((c) => c.textContent).join("\n"); },
  set textContent(text) { this.own = String(text); this.children = []; },
  append(...found) { this.children.push(...found); },
  replaceChildren(...found) { this.own = ""; this.children = found; },
  addEventListener(kind, what) { this.listeners[kind] = what; },
  getBoundingClientRect() { return { left: 0, top: 0 }; },
  setPointerCapture() {},
  focus() {},
  select() {},
  getContext() { return pen; },
  all(name) {
    const found = this.tagName === name ? [this] : [];
    return found.concat(...this.children.map((child) => child.all(name)));
  },
};
Object.defineProperty(Element.prototype, "innerHTML", { set() { throw Error("innerHTML"); } });

var elements = new Map();
var document = new Element("document");
document.documentElement = new Element("html");
document.createElement = (name) => new Element(name);
document.getElementById = (id) => {
  if (!elements.has(id)) elements.set(id, new Element(id));
  return elements.get(id);
};
var window = {
  matchMedia: () => ({ matches: false, addEventListener() {} }),
  requestAnimationFrame: (draw) => draw(),
  addEventListener() {},
};
function happens(id, kind, more) {
  const event = Object.assign({ preventDefault() {}, pointerId: 1, target: {} }, more);
  (id ? document.getElementById(id) : document).listeners[kind](event);
}
function said(id) { return document.getElementById(id).textContent; }
