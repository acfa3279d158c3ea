(function () {
  "use strict";

  const ELDER_COOKIE = "elder";
  const REENABLE_AFTER_MS = 15000;
  const confirmed = new WeakSet();

  function element(tag, className, text) {
    const made = document.createElement(tag);
    if (className) made.className = className;
    if (text) made.textContent = text;
    return made;
  }

  function ask(sentence, onYes) {
    const dialog = element("dialog");
    if (!dialog.showModal) {
      if (window.confirm(sentence)) onYes();
      return;
    }
    const row = element("div");
    const no = element("button", "btn btn-outline-secondary", "取消");
    const yes = element("button", "btn btn-primary", "确定");
    const words = element("p", "", sentence);
    words.id = "confirm-sentence";
    dialog.setAttribute("aria-labelledby", words.id);
    no.type = yes.type = "button";
    no.addEventListener("click", () => dialog.close());
    yes.addEventListener("click", () => {
      dialog.close();
      onYes();
    });
    dialog.addEventListener("close", () => dialog.remove());
    row.append(no, yes);
    dialog.append(words, row);
    document.body.append(dialog);
    dialog.showModal();
    no.focus();
  }

  // Capture phase: the question must come before htmx sees the submit.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    const button = event.submitter;
    const sentence = (button && button.dataset.confirm) || form.dataset.confirm;
    if (!sentence) return;
    if (confirmed.delete(form)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    ask(sentence, () => {
      confirmed.add(form);
      form.requestSubmit(button || undefined);
    });
  }, true);

  function release(button) {
    button.disabled = false;
    button.removeAttribute("data-busy");
  }

  // A second click would send the same act again; the browser needs the button's own value first.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post" || form.hasAttribute("data-repeatable")) return;
    setTimeout(() => {
      if (event.defaultPrevented && !form.classList.contains("htmx-request")) return;
      const outside = form.id ? document.querySelectorAll(`button[form="${CSS.escape(form.id)}"]`) : [];
      for (const button of [...form.querySelectorAll("button:not([type=button])"), ...outside]) {
        if (button.disabled) continue;
        button.disabled = true;
        button.dataset.busy = event.defaultPrevented ? "htmx" : "page";
        setTimeout(() => release(button), REENABLE_AFTER_MS);
      }
    }, 0);
  });
  window.addEventListener("pageshow", () => document.querySelectorAll("[data-busy]").forEach(release));
  // A preview that comes back must not unlock the buttons of a submit that is still on its way.
  document.addEventListener("htmx:afterRequest", (event) => {
    const cause = event.detail.requestConfig && event.detail.requestConfig.triggeringEvent;
    if (!cause || cause.type !== "submit") return;
    document.querySelectorAll("[data-busy=htmx]").forEach((button) => {
      if (button.form === cause.target) release(button);
    });
  });

  function setElder(on) {
    document.documentElement.classList.toggle("elder", on);
    const secure = location.protocol === "https:" ? "; Secure" : "";
    document.cookie = `${ELDER_COOKIE}=${on ? 1 : 0}; path=/; max-age=31536000; SameSite=Lax${secure}`;
    document.querySelectorAll("[data-elder-toggle]").forEach((control) => {
      control.textContent = on ? "标准版" : "长辈版";
    });
  }
  document.addEventListener("click", (event) => {
    const control = event.target.closest("[data-elder-toggle]");
    if (!control) return;
    event.preventDefault();
    setElder(!document.documentElement.classList.contains("elder"));
  });

  function countChecked(table) {
    const boxes = [...table.querySelectorAll("tbody input[type=checkbox]:not(:disabled)")];
    const ticked = boxes.filter((box) => box.checked).length;
    const all = table.querySelector("[data-check-all]");
    if (all) {
      all.checked = ticked > 0 && ticked === boxes.length;
      all.indeterminate = ticked > 0 && ticked < boxes.length;
    }
    document.querySelectorAll(`[data-checked-in="${table.id}"]`).forEach((place) => {
      place.textContent = `已选 ${ticked} 件`;
    });
  }
  document.addEventListener("change", (event) => {
    const table = event.target.closest("table");
    if (!table || event.target.type !== "checkbox") return;
    if (event.target.hasAttribute("data-check-all")) {
      table.querySelectorAll("tbody input[type=checkbox]:not(:disabled)").forEach((box) => {
        box.checked = event.target.checked;
      });
    }
    countChecked(table);
  });
  function offerCheckAll() {
    document.querySelectorAll("[data-check-all]").forEach((box) => {
      box.closest("label").hidden = false;
      countChecked(box.closest("table"));
    });
  }
  offerCheckAll();
  // A list that is narrowed or sorted comes in without a new page.
  document.addEventListener("htmx:afterSettle", offerCheckAll);

  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-print]")) window.print();
  });
  document.querySelectorAll("[data-print]").forEach((button) => { button.hidden = false; });

  function say(sentence) {
    const region = document.getElementById("messages");
    if (!region) return;
    const note = element("div", "notice tone-bad", sentence);
    note.setAttribute("role", "alert");
    region.append(note);
    note.scrollIntoView({ block: "nearest" });
  }
  document.addEventListener("htmx:responseError", () => say("操作没有完成，请刷新页面后再试。"));
  document.addEventListener("htmx:sendError", () => say("网络不通，内容没有提交，请稍后再试。"));

  // The number of unread messages: asked for while somebody can see the page, and once when they come back to it.
  const unread = document.getElementById("unread");
  if (unread) {
    const refresh = () => {
      if (!document.hidden && window.htmx) window.htmx.trigger(unread, "refresh");
    };
    window.setInterval(refresh, 45000);
    document.addEventListener("visibilitychange", refresh);
  }
})();
