/** Puts the page together. */

import { Camera } from "./camera.js";
import { Controls } from "./controls.js";
import { Graph, unpack } from "./data.js";
import { make, part } from "./dom.js";
import { Emphasis } from "./emphasis.js";
import { Inspector } from "./inspector.js";
import { Keyboard } from "./keyboard.js";
import { legend } from "./legend.js";
import { Painter, readPalette } from "./paint.js";
import { Player } from "./player.js";
import { Pointer } from "./pointer.js";
import { Scene } from "./scene.js";
import { Steps } from "./steps.js";
import { Store } from "./store.js";
import { Table } from "./table.js";
import { followTheme } from "./theme.js";
import { View } from "./view.js";
import { Words } from "./words.js";

async function start() {
  const graph = new Graph(await unpack(part("data").textContent));
  const words = new Words(graph);
  const steps = new Steps(graph, words);
  const store = new Store({
    passes: "both",
    step: steps.total + 1,
    hovered: -1,
    focused: -1,
    selected: -1,
    query: "",
    least: -Infinity,
    frame: graph.at,
    theme: "auto",
  });
  const emphasis = new Emphasis(graph, store);
  const scene = new Scene(graph);
  const painter = new Painter(scene, words, steps, emphasis, store);
  const element = part("graph");
  const camera = new Camera(scene.bounds);
  const view = new View(painter, camera, steps, store);
  camera.moved = () => view.soon();
  const player = new Player(steps, store, scene, camera);
  const inspector = new Inspector(graph, words, steps, emphasis, store);
  const say = (text) => {
    part("spoken").textContent = text;
  };
  const controls = new Controls({ graph, scene, painter, camera, emphasis, store, say });
  const table = new Table(graph, words, emphasis, (i) => {
    store.set({ selected: i, focused: i });
    const card = scene.nearest(i, ...camera.middle);
    camera.centre(scene.x[card], scene.y[card]);
  });
  new Pointer(element, camera, scene, store);
  new Keyboard(element, graph, scene, words, camera, store, player);

  const changed = (now, changes) => {
    const has = (...names) => names.some((name) => changes.has(name));
    if (has("frame")) {
      graph.show(now.frame);
      words.short.clear();
      steps.renew();
      painter.rescale();
      controls.rescale();
      if (now.step > steps.total) store.now.step = steps.total + 1;
    }
    if (has("selected", "query", "least", "frame")) {
      emphasis.renew();
      table.render();
    }
    if (has("passes", "selected", "query", "least", "frame")) view.renew();
    if (has("step")) view.stepped();
    if (has("passes", "frame")) legend(painter);
    if (has("step", "frame")) player.render();
    controls.render();
    inspector.render();
    view.soon();
  };
  store.listen(changed);
  followTheme(store, () => {
    painter.palette = readPalette();
    legend(painter);
    view.renew();
  });

  let placed = false;
  new ResizeObserver(() => {
    camera.resize(element.clientWidth, element.clientHeight);
    if (!placed && element.clientWidth) {
      placed = true;
      camera.fit();
    }
  }).observe(element);
  part("title").textContent = graph.title;
  document.title = graph.title;
  part("sorry").remove();
  part("page").removeAttribute("hidden");
  player.render();
  controls.render();
  inspector.render();
  return { graph, camera, view, store, steps, scene, words, player };
}

const isNew = "DecompressionStream" in window && "roundRect" in CanvasRenderingContext2D.prototype;

// An older browser goes on showing what it needs.
if (isNew) {
  start().then(
    (page) => {
      document.documentElement.dataset.ready = "yes";
      Object.defineProperty(window, "viewer", { value: page });
    },
    (error) => {
      part("sorry").replaceChildren(make("p", {}, `This page cannot show its graph: ${error}`));
      throw error;
    },
  );
}
