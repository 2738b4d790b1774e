// Draws each chart over its still picture when it comes near the window, with tooltips. No code is made from text:
// Vega's expressions are interpreted (ast), and nothing is fetched.
const draw = async (box, spec) => {
  const still = [...box.childNodes];
  // Beside each other, the names of a legend need more room than a phone has.
  if (box.clientWidth < 480) spec.config.legend.columns = 1;
  try {
    const stage = document.createElement("div");
    stage.style.width = "100%";
    box.prepend(stage);
    await vegaEmbed(stage, spec, { actions: false, ast: true, renderer: "svg", tooltip: { theme: "custom" } });
    for (const node of still) node.remove();
  } catch (error) {
    console.error(error);
  }
};
const start = () => {
  const specs = new Map(
    [...document.querySelectorAll("script[data-chart]")].map((node) => [node.dataset.chart, JSON.parse(node.textContent)]),
  );
  const watcher = new IntersectionObserver(
    (entries) => {
      for (const entry of entries) {
        if (!entry.isIntersecting) continue;
        watcher.unobserve(entry.target);
        draw(entry.target, specs.get(entry.target.id));
      }
    },
    { rootMargin: "600px" },
  );
  for (const id of specs.keys()) watcher.observe(document.getElementById(id));
};
window.cascadeDraw = start;
if (document.readyState === "loading") addEventListener("DOMContentLoaded", start);
else start();
