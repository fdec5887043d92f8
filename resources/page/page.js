"use strict";
// What is in the page comes from a model file, which nobody trusts: it becomes text, never markup.
(function () {
  const graph = read("graph");
  const picture = read("picture");
  const canvas = document.getElementById("canvas");
  const context = canvas.getContext("2d");
  const panel = document.getElementById("panel");
  const details = document.getElementById("details");
  const words = document.getElementById("words");
  const dark = window.matchMedia("(prefers-color-scheme: dark)");

  const HEADER = 22, ROW = 14, PADDING = 9, BAR = 24, ARROW = 7;
  const LARGEST = 4, READABLE = 0.62, MARGIN = 24, STEP = 60;
  const FONT = "Inter, system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif";
  const NODE = 0, SCOPE = 1, RUN = 2, END = 3;
  const LISTED = 500;

  const nodes = graph.nodes;
  const boxes = picture.boxes.map(([x, y, width, height, fill, kind, title, what, rows]) =>
    ({ x, y, width, height, fill, kind, title, what, rows, wires: [] }));
  const frames = picture.frames.map(([x, y, width, height, depth, title, detail]) =>
    ({ x, y, width, height, depth, title, detail }));
  const wires = decoded(picture.wires);
  const number = new Map(nodes.map((node, index) => [node.id, index]));
  const producer = new Map();
  const readers = new Map();
  nodes.forEach((node, index) => {
    for (const name of node.outputs || []) producer.set(name, index);
    for (const name of new Set(node.inputs || [])) {
      if (!readers.has(name)) readers.set(name, []);
      readers.get(name).push(index);
    }
  });
  const insides = boxes.map(() => []);
  const faulty = new Set();
  picture.seen.forEach((box, index) => {
    if (box < 0) return;
    insides[box].push(index);
    if (nodes[index].fault) faulty.add(box);
  });

  let colours = null;
  let scale = 1, left = 0, top = 0; // of the scene's corner in the canvas, in pixels
  let width = 1, height = 1, untouched = true;
  let selected = -1, hovered = -1;
  let hits = [], hit = -1, marked = new Set();
  let haystack = null;
  let waiting = false;

  function read(id) {
    return JSON.parse(document.getElementById(id).textContent);
  }

  // --- what there is --------------------------------------------------------------------

  /** Wires with their points; lines of one tensor run together, and such parts are kept once. */
  function decoded(packed) {
    const known = new Set();
    return packed.map(([source, target, label, labelX, labelY, labelWidth, flat]) => {
      const points = new Float64Array(flat.length);
      let x = 0, y = 0;
      for (let i = 0; i < flat.length; i += 2) {
        x += flat[i];
        y += flat[i + 1];
        points[i] = x / 10;
        points[i + 1] = y / 10;
      }
      const own = [];
      for (let i = 0; i + 7 < points.length; i += 6) {
        const key = points.slice(i, i + 8).join();
        if (!known.has(key)) own.push(i);
        known.add(key);
      }
      const wire = { source, target, label, labelX, labelY, labelWidth, points, own };
      wire.low = [Infinity, Infinity];
      wire.high = [-Infinity, -Infinity];
      for (let i = 0; i < points.length; i += 1) {
        wire.low[i % 2] = Math.min(wire.low[i % 2], points[i] - ARROW);
        wire.high[i % 2] = Math.max(wire.high[i % 2], points[i] + ARROW);
      }
      if (label) {
        wire.low[0] = Math.min(wire.low[0], labelX - labelWidth / 2);
        wire.high[0] = Math.max(wire.high[0], labelX + labelWidth / 2);
      }
      boxes[source].wires.push(wire);
      if (target !== source) boxes[target].wires.push(wire);
      return wire;
    });
  }

  function valueText(name) {
    const value = graph.values[name] || {};
    const parts = [];
    if (value.shape) {
      parts.push(value.shape.map((size) => (size === null ? "?" : size)).join("×") || "scalar");
    }
    if (value.dtype) parts.push(value.dtype);
    return parts.join(" ");
  }

  // --- drawing --------------------------------------------------------------------------

  function schedule() {
    if (waiting) return;
    waiting = true;
    window.requestAnimationFrame(() => { waiting = false; draw(); });
  }

  function draw() {
    const ratio = window.devicePixelRatio || 1;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.fillStyle = colours.canvas;
    context.fillRect(0, 0, width, height);
    context.setTransform(ratio * scale, 0, 0, ratio * scale, ratio * left, ratio * top);
    const area = { x: -left / scale, y: -top / scale, right: (width - left) / scale,
      bottom: (height - top) / scale };
    const pixel = 1 / scale;
    const seen = boxes.filter((box) => touches(box, area));
    drawFrames(area, pixel);
    const lines = wires.filter((wire) => wire.low[0] <= area.right && wire.high[0] >= area.x
      && wire.low[1] <= area.bottom && wire.high[1] >= area.y);
    context.strokeStyle = scale < 0.25 ? colours.far : colours.edge;
    context.lineWidth = Math.max(0.9, pixel);
    stroke(lines, (wire) => wire.own, area);
    if (scale >= 0.45) {
      context.fillStyle = colours.edge;
      lines.forEach(arrow);
    }
    if (scale >= 0.5) {
      context.fillStyle = colours.label;
      context.font = `10px ${FONT}`;
      context.textAlign = "center";
      context.textBaseline = "middle";
      for (const wire of lines) {
        // in another font than it was measured in, it may have to be narrowed
        if (wire.label) {
          context.fillText(wire.label, wire.labelX, wire.labelY, wire.labelWidth);
        }
      }
    }
    drawConnections(area);
    if (scale >= 0.45) drawTitles(area);
    if (scale < 0.25) {
      const least = 2 * pixel;
      let fill = -1;
      for (const box of seen) {
        if (box.fill !== fill) {
          fill = box.fill;
          context.fillStyle = colours.fills[fill][0];
        }
        context.fillRect(box.x, box.y, Math.max(box.width, least), Math.max(box.height, least));
      }
    } else {
      seen.forEach(drawBox);
    }
    context.setLineDash([8, 4]);
    for (const index of faulty) mark(index, colours.error, 2);
    context.setLineDash([]);
    for (const index of marked) mark(index, colours.accent, 2);
    if (hovered >= 0) mark(hovered, colours.accent, 1.5);
    if (selected >= 0) mark(selected, colours.selected, 2.5);
  }

  function touches(box, area) {
    return box.x <= area.right && box.x + box.width >= area.x
      && box.y <= area.bottom && box.y + box.height >= area.y;
  }

  function drawFrames(area, pixel) {
    context.lineWidth = pixel;
    for (const frame of frames) {
      if (!touches(frame, area) || frame.width * scale < 3 || frame.height * scale < 3) continue;
      const [ground, edge] = colours.frames[frame.depth % 2];
      rounded(frame.x, frame.y, frame.width, frame.height, 7);
      context.fillStyle = ground;
      context.fill();
      context.strokeStyle = edge;
      context.stroke();
    }
  }

  function drawTitles(area) {
    context.textAlign = "left";
    context.textBaseline = "middle";
    for (const frame of frames) {
      if (!touches(frame, area)) continue;
      const [ground, , letters] = colours.frames[frame.depth % 2];
      const x = frame.x + PADDING, y = frame.y + BAR / 2;
      context.font = `9px ${FONT}`;
      const detail = frame.detail ? context.measureText(frame.detail).width + 8 : 0;
      context.font = `500 11px ${FONT}`;
      const words = context.measureText(frame.title).width;
      context.globalAlpha = 0.85; // a line may have to pass behind
      context.fillStyle = ground;
      context.fillRect(x - 2, frame.y + 3, words + detail + 4, BAR - 6);
      context.globalAlpha = 1;
      context.fillStyle = letters;
      context.fillText(frame.title, x, y);
      if (!detail) continue;
      context.fillStyle = colours.muted;
      context.font = `9px ${FONT}`;
      context.fillText(frame.detail, x + words + 8, y);
    }
  }

  function stroke(lines, parts, area) {
    const coarse = scale < 0.12;
    context.beginPath();
    for (const wire of lines) {
      const p = wire.points;
      for (const i of parts(wire)) {
        if (Math.max(p[i + 1], p[i + 3], p[i + 5], p[i + 7]) < area.y
          || Math.min(p[i + 1], p[i + 3], p[i + 5], p[i + 7]) > area.bottom) continue;
        context.moveTo(p[i], p[i + 1]);
        if (coarse || (p[i] === p[i + 6] && p[i] === p[i + 2] && p[i] === p[i + 4])) {
          context.lineTo(p[i + 6], p[i + 7]);
        } else {
          context.bezierCurveTo(p[i + 2], p[i + 3], p[i + 4], p[i + 5], p[i + 6], p[i + 7]);
        }
      }
    }
    context.stroke();
  }

  function arrow(wire) {
    const p = wire.points, end = p.length - 2;
    let dx = 0, dy = -1;
    for (let i = end - 2; i >= 0; i -= 2) { // control points may coincide with the end
      const length = Math.hypot(p[i] - p[end], p[i + 1] - p[end + 1]);
      if (length > 0.5) {
        dx = (p[i] - p[end]) / length;
        dy = (p[i + 1] - p[end + 1]) / length;
        break;
      }
    }
    const x = p[end] + dx * ARROW, y = p[end + 1] + dy * ARROW;
    context.beginPath();
    context.moveTo(p[end], p[end + 1]);
    context.lineTo(x + dy * 2.5, y - dx * 2.5);
    context.lineTo(x - dy * 2.5, y + dx * 2.5);
    context.fill();
  }

  function drawConnections(area) {
    for (const [index, alpha] of [[hovered, 0.55], [selected, 1]]) {
      if (index < 0) continue;
      context.globalAlpha = alpha;
      context.strokeStyle = context.fillStyle = colours.accent;
      context.lineWidth = 1.8 * Math.max(0.9, 1 / scale);
      stroke(boxes[index].wires, everyCubic, area);
      if (scale >= 0.45) boxes[index].wires.forEach(arrow);
      context.globalAlpha = 1;
    }
  }

  function everyCubic(wire) {
    const found = [];
    for (let i = 0; i + 7 < wire.points.length; i += 6) found.push(i);
    return found;
  }

  function drawBox(box) {
    const [fill, letters] = colours.fills[box.fill];
    const radius = box.kind === END ? box.height / 2 : 5;
    context.lineWidth = 1;
    context.strokeStyle = colours.outline;
    if (box.kind === RUN) {
      context.fillStyle = colours.node;
      for (const aside of [6, 3]) {
        rounded(box.x + aside, box.y + aside, box.width, box.height, radius);
        context.fill();
        context.stroke();
      }
    }
    rounded(box.x, box.y, box.width, box.height, radius);
    const plain = box.kind === END || !box.rows.length;
    context.fillStyle = plain ? fill : colours.node;
    context.fill();
    if (!plain) {
      context.save();
      context.clip();
      context.fillStyle = fill;
      context.fillRect(box.x, box.y, box.width, HEADER);
      context.restore();
    }
    rounded(box.x, box.y, box.width, box.height, radius);
    context.stroke();
    if (scale < 0.45) return;
    const room = box.width - 2 * PADDING + 4;
    context.textBaseline = "middle";
    context.textAlign = plain ? "center" : "left";
    context.font = `500 11px ${FONT}`;
    context.fillStyle = letters;
    const lower = box.kind === END && box.rows.length ? 2 : 0;
    context.fillText(box.title, plain ? box.x + box.width / 2 : box.x + PADDING,
      box.y + HEADER / 2 + lower, room);
    if (scale < READABLE) return;
    context.font = `9px ${FONT}`;
    box.rows.forEach(([name, text], line) => {
      const y = box.y + HEADER + (box.kind === END ? -3 : 5) + (line + 0.5) * ROW;
      let x = plain ? box.x + box.width / 2 : box.x + PADDING;
      let free = room;
      if (name) {
        context.fillStyle = colours.text;
        context.fillText(name, x, y);
        const aside = context.measureText(name).width + 5;
        x += aside;
        free = Math.max(10, free - aside);
      }
      context.fillStyle = name || box.kind === END ? colours.muted : colours.text;
      context.fillText(text, x, y, free);
    });
  }

  function mark(index, colour, thick) {
    const box = boxes[index];
    const pen = thick * Math.max(1, 1 / scale);
    context.strokeStyle = colour;
    context.lineWidth = pen;
    const radius = (box.kind === END ? box.height / 2 : 5) + pen / 2;
    rounded(box.x - pen / 2, box.y - pen / 2, box.width + pen, box.height + pen, radius);
    context.stroke();
  }

  function rounded(x, y, w, h, r) {
    r = Math.min(r, w / 2, h / 2);
    context.beginPath();
    context.moveTo(x + r, y);
    context.arcTo(x + w, y, x + w, y + h, r);
    context.arcTo(x + w, y + h, x, y + h, r);
    context.arcTo(x, y + h, x, y, r);
    context.arcTo(x, y, x + w, y, r);
    context.closePath();
  }

  // --- where we look --------------------------------------------------------------------

  function fitting() {
    const [w, h] = picture.size;
    return Math.min((width - 2 * MARGIN) / w, (height - 2 * MARGIN) / h);
  }

  function fit() {
    untouched = false;
    scale = Math.max(1e-4, Math.min(1, fitting()));
    left = (width - picture.size[0] * scale) / 2;
    top = (height - picture.size[1] * scale) / 2;
    schedule();
  }

  /** All of a small graph; of a large one its beginning, large enough to be read. */
  function lookAtStart() {
    if (fitting() >= READABLE || !boxes.length) {
      fit();
    } else {
      scale = 1;
      const first = boxes[0];
      const [w, h] = picture.size;
      left = w > h ? MARGIN : beginning(w, width, first.x + first.width / 2);
      top = w > h ? beginning(h, height, first.y + first.height / 2) : MARGIN;
      schedule();
    }
    untouched = true;
  }

  /** With the first box in the middle, unless that leaves room empty beside the graph. */
  function beginning(size, room, middle) {
    const half = room / 2 - MARGIN;
    return room / 2 - (size <= 2 * half ? size / 2 : Math.max(half, Math.min(middle, size - half)));
  }

  function zoom(factor, x, y) {
    const to = Math.min(LARGEST, Math.max(Math.min(0.2, fitting() * 0.8), scale * factor));
    left = x - (x - left) * to / scale;
    top = y - (y - top) * to / scale;
    scale = to;
    untouched = false;
    schedule();
  }

  function pan(dx, dy) {
    left += dx;
    top += dy;
    // some of the graph stays in view
    const [w, h] = picture.size;
    left = Math.min(width - MARGIN, Math.max(MARGIN - w * scale, left));
    top = Math.min(height - MARGIN, Math.max(MARGIN - h * scale, top));
    untouched = false;
    schedule();
  }

  function lookAt(index) {
    const box = boxes[index];
    if (scale < READABLE) scale = 1;
    left = width / 2 - (box.x + box.width / 2) * scale;
    top = height / 2 - (box.y + box.height / 2) * scale;
    untouched = false;
    schedule();
  }

  function boxAt(x, y) {
    const sx = (x - left) / scale, sy = (y - top) / scale;
    return boxes.findIndex((box) => box.x <= sx && sx <= box.x + box.width
      && box.y <= sy && sy <= box.y + box.height);
  }

  function resize() {
    const ratio = window.devicePixelRatio || 1;
    width = canvas.clientWidth || 1;
    height = canvas.clientHeight || 1;
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    if (untouched) lookAtStart();
    else schedule();
  }

  // --- choosing and details -------------------------------------------------------------

  function choose(index) {
    if (index < 0) {
      show(-1, []);
    } else if (boxes[index].kind === NODE) {
      chooseNode(boxes[index].what);
    } else {
      show(index, boxes[index].kind === END ? aboutEnd(boxes[index]) : aboutScope(index));
    }
  }

  function chooseNode(index, look) {
    const box = picture.seen[index];
    show(box, aboutNode(nodes[index]));
    if (look && box >= 0) lookAt(box);
  }

  function show(box, content) {
    selected = box;
    details.replaceChildren(...content);
    panel.hidden = !content.length;
    panel.scrollTop = 0;
    resize();
  }

  function element(name, text, kind) {
    const made = document.createElement(name);
    if (text !== undefined) made.textContent = text;
    if (kind) made.className = kind;
    return made;
  }

  function link(index) {
    const made = element("button", nodes[index].id);
    made.type = "button";
    made.addEventListener("click", () => chooseNode(index, true));
    return made;
  }

  function aboutNode(node) {
    const found = [element("h2", node.op_type), element("p", node.id)];
    if (node.fault) found.push(element("p", node.fault, "fault"));
    if (node.note) found.push(element("p", node.note));
    const box = boxes[picture.seen[number.get(node.id)]];
    found.push(...section("", [
      ["Name", node.name === node.id ? "" : node.name], ["Domain", node.domain],
      ["Module", (node.scope || []).join(" / ")], ["Runs in", node.execution],
      ["Source", node.source], ["Drawn in", box && box.kind !== NODE ? box.title : ""],
    ]));
    const attributes = Object.entries(node.attributes || {}).sort();
    found.push(...section("Attributes", attributes.map(([name, value]) => [name,
      typeof value === "string" ? value : JSON.stringify(value)])));
    found.push(...section("Parameters", (node.parameters || []).map((p) =>
      [p.role || p.name, `${p.shape.join("×") || "scalar"} ${p.dtype}`, p.role ? p.name : ""])));
    found.push(...values("Inputs", node.inputs, (name) =>
      (producer.has(name) ? [producer.get(name)] : [])));
    found.push(...values("Outputs", node.outputs, (name) => readers.get(name) || []));
    return found;
  }

  function section(title, rows) {
    const said = rows.filter(([, text]) => text);
    if (!said.length) return [];
    const list = element("dl");
    for (const [name, text, aside] of said) {
      const what = element("dd", text);
      if (aside) what.append(element("br"), element("small", aside));
      list.append(element("dt", name), what);
    }
    return title ? [element("h3", title), list] : [list];
  }

  function values(title, names, ends) {
    const said = (names || []).filter((name) => name);
    if (!said.length) return [];
    const list = element("ul");
    for (const name of said) {
      const item = element("li");
      item.append(element("span", name));
      const text = valueText(name);
      if (text) item.append(element("br"), element("small", text));
      for (const index of ends(name).slice(0, LISTED)) {
        item.append(element("br"), element("small", title === "Inputs" ? "from " : "to "),
          link(index));
      }
      list.append(item);
    }
    return [element("h3", title), list];
  }

  function aboutEnd(box) {
    const found = [element("h2", box.title), element("p", valueText(box.what))];
    const list = element("ul");
    const ends = producer.has(box.what) ? [producer.get(box.what)] : readers.get(box.what) || [];
    for (const index of ends.slice(0, LISTED)) {
      const item = element("li");
      item.append(link(index));
      list.append(item);
    }
    if (ends.length) {
      found.push(element("h3", producer.has(box.what) ? "Computed by" : "Read by"), list);
    }
    return found;
  }

  function aboutScope(index) {
    const box = boxes[index], inside = insides[index];
    const list = element("ul");
    for (const node of inside.slice(0, LISTED)) {
      const item = element("li");
      item.append(link(node), element("small", `  ${nodes[node].op_type}`));
      list.append(item);
    }
    if (inside.length > LISTED) {
      list.append(element("li", `… and ${inside.length - LISTED} more, which Find lists`));
    }
    return [element("h2", box.title), ...section("", box.rows.map(([name, text]) =>
      [name || "class", text])), element("h3", "Nodes"), list];
  }

  // --- searching ------------------------------------------------------------------------

  function find() {
    const terms = words.value.toLowerCase().split(/\s+/).filter((term) => term);
    haystack = haystack || nodes.map(text);
    hits = [];
    if (terms.length) {
      haystack.forEach((hay, index) => {
        if (terms.every((term) => hay.includes(term))) hits.push(index);
      });
    }
    hit = -1;
    marked = new Set(hits.map((index) => picture.seen[index]).filter((box) => box >= 0));
    count();
    schedule();
  }

  /** All that a node can be found by. */
  function text(node) {
    const outputs = node.outputs || [];
    const parts = [node.id, node.op_type, node.name, (node.scope || []).join("."), ...outputs,
      ...outputs.map(valueText), JSON.stringify(node.attributes || {})];
    for (const p of node.parameters || []) parts.push(p.name, p.shape.join("×"), p.dtype);
    return parts.join("\n").toLowerCase();
  }

  function step(by) {
    if (!hits.length) return;
    hit = hit < 0 ? (by > 0 ? 0 : hits.length - 1) : (hit + by + hits.length) % hits.length;
    chooseNode(hits[hit], true);
    count();
  }

  function count() {
    const at = hit < 0 ? `${hits.length}` : `${hit + 1} of ${hits.length}`;
    document.getElementById("count").textContent = words.value.trim() ? at : "";
    document.getElementById("next").disabled = !hits.length;
    document.getElementById("previous").disabled = !hits.length;
  }

  // --- mouse, touch and keys ------------------------------------------------------------

  const pointers = new Map();
  let dragged = false;

  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, at(event));
    if (pointers.size === 1) dragged = false;
  });
  canvas.addEventListener("pointermove", (event) => {
    const now = at(event), before = pointers.get(event.pointerId);
    if (!before) {
      hover(boxAt(now.x, now.y));
      return;
    }
    if (!dragged && Math.hypot(now.x - before.x, now.y - before.y) < 4) return;
    dragged = true;
    canvas.classList.add("dragged");
    if (pointers.size === 2) {
      const other = [...pointers].find(([id]) => id !== event.pointerId)[1];
      const apart = (point) => Math.max(1, Math.hypot(point.x - other.x, point.y - other.y));
      zoom(apart(now) / apart(before), (now.x + other.x) / 2, (now.y + other.y) / 2);
      pan((now.x - before.x) / 2, (now.y - before.y) / 2);
    } else {
      pan(now.x - before.x, now.y - before.y);
    }
    pointers.set(event.pointerId, now);
  });
  canvas.addEventListener("pointerup", (event) => {
    const point = at(event);
    if (!dragged && pointers.size === 1) choose(boxAt(point.x, point.y));
    release(event);
  });
  canvas.addEventListener("pointercancel", release);
  canvas.addEventListener("pointerleave", () => hover(-1));
  canvas.addEventListener("dblclick", (event) => {
    const point = at(event), box = boxAt(point.x, point.y);
    if (box >= 0) lookAt(box);
    else zoom(1.5, point.x, point.y);
  });
  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    const point = at(event);
    const unit = event.deltaMode === 1 ? 20 : event.deltaMode === 2 ? height : 1;
    if (event.ctrlKey || event.metaKey || event.shiftKey) {
      const turned = (event.deltaY || event.deltaX) * unit;
      zoom(Math.exp(-Math.max(-200, Math.min(200, turned)) / 400), point.x, point.y);
    } else {
      pan(-event.deltaX * unit, -event.deltaY * unit);
    }
  }, { passive: false });

  function at(event) {
    const corner = canvas.getBoundingClientRect();
    return { x: event.clientX - corner.left, y: event.clientY - corner.top };
  }

  function release(event) {
    pointers.delete(event.pointerId);
    canvas.classList.remove("dragged");
  }

  function hover(index) {
    if (index === hovered) return;
    hovered = index;
    const box = boxes[index];
    canvas.title = !box ? "" : box.kind === NODE ? nodes[box.what].id : box.title;
    schedule();
  }

  function zoomFromMiddle(factor) {
    zoom(factor, width / 2, height / 2);
  }

  const KEYS = {
    ArrowUp: () => pan(0, STEP), ArrowDown: () => pan(0, -STEP),
    ArrowLeft: () => pan(STEP, 0), ArrowRight: () => pan(-STEP, 0),
    PageUp: () => pan(0, height * 0.75), PageDown: () => pan(0, -height * 0.75),
    Home: lookAtStart, "+": () => zoomFromMiddle(1.21), "=": () => zoomFromMiddle(1.21),
    "-": () => zoomFromMiddle(1 / 1.21), f: fit, F: fit, " ": fit, "/": () => words.focus(),
  };

  document.addEventListener("keydown", (event) => {
    const ctrl = event.ctrlKey || event.metaKey;
    if (event.key === "Escape") {
      words.value = "";
      find();
      choose(-1);
      canvas.focus();
    } else if (ctrl && event.key === "f") {
      words.focus();
      words.select();
    } else if (!ctrl && !event.altKey && event.target !== words && !isButton(event)
      && Object.prototype.hasOwnProperty.call(KEYS, event.key)) {
      KEYS[event.key]();
    } else {
      return;
    }
    event.preventDefault();
  });

  function isButton(event) {
    return event.target.tagName === "BUTTON" && event.key === " ";
  }

  words.addEventListener("input", find);
  words.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.shiftKey) {
      event.preventDefault();
      step(-1);
    }
  });
  document.getElementById("find").addEventListener("submit", (event) => {
    event.preventDefault();
    step(1);
  });
  click("previous", () => step(-1));
  click("close", () => choose(-1));
  click("in", () => zoomFromMiddle(1.21));
  click("out", () => zoomFromMiddle(1 / 1.21));
  click("fit", fit);
  window.addEventListener("resize", resize);

  function click(id, what) {
    document.getElementById(id).addEventListener("click", what);
  }

  function paintPage() {
    const theme = picture.theme || (dark.matches ? "dark" : "light");
    colours = picture.palettes[theme];
    const root = document.documentElement;
    for (const name of ["window", "surface", "canvas", "text", "muted", "border", "accent",
      "error"]) {
      root.style.setProperty(`--${name}`, colours[name]);
    }
    root.style.setProperty("color-scheme", theme);
    schedule();
  }

  dark.addEventListener("change", paintPage);
  document.getElementById("about").textContent = picture.about;
  paintPage();
  count();
  resize();
})();
