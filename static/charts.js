/* Bar charts of the statistics page. Each stands beside its table and is hidden until drawn: without this file nothing is lost. */
"use strict";
document.querySelectorAll("[data-chart]").forEach(function (box) {
  const data = JSON.parse(box.dataset.chart);
  if (!window.echarts || data.rows.length === 0) {
    return;
  }
  box.closest("figure").hidden = false;
  box.style.height = Math.max(160, 34 * data.rows.length + 60) + "px";
  const chart = echarts.init(box);
  const names = data.rows.map(function (row) { return row[0]; });
  const values = data.rows.map(function (row) { return row[1]; });
  chart.setOption({
    animation: false,
    aria: { enabled: true },
    color: ["#1f5a46"],
    grid: { left: 8, right: 60, top: 8, bottom: 8, containLabel: true },
    xAxis: { type: "value", axisLabel: { hideOverlap: true } },
    yAxis: { type: "category", data: names, inverse: true },
    series: [{ type: data.kind, data: values, label: { show: true, position: "right" } }]
  });
  window.addEventListener("resize", function () { chart.resize(); });
});
