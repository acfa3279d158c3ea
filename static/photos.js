(function () {
  "use strict";

  // As large as a sheet of paper stays readable; the server looks at every file again.
  const LONGEST = 2560;
  const SMALL_ENOUGH = 600 * 1024;
  const PHOTO = /^image\/(jpeg|png)$/;

  async function shrunk(file) {
    if (!PHOTO.test(file.type) || file.size <= SMALL_ENOUGH || !window.createImageBitmap) return file;
    try {
      // Turned as the camera was held; a canvas keeps nothing of place and time.
      const picture = await createImageBitmap(file, { imageOrientation: "from-image" });
      const scale = Math.min(1, LONGEST / Math.max(picture.width, picture.height));
      const canvas = document.createElement("canvas");
      canvas.width = Math.round(picture.width * scale);
      canvas.height = Math.round(picture.height * scale);
      canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
      picture.close();
      const blob = await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.85));
      if (!blob || blob.size >= file.size) return file;
      return new File([blob], file.name.replace(/\.\w+$/, "") + ".jpg", { type: "image/jpeg" });
    } catch (error) {
      return file;
    }
  }

  // Papers of a case that exists: made smaller where they lie, sent with the form.
  async function replace(input) {
    const files = await Promise.all([...input.files].map(shrunk));
    const lying = new DataTransfer();
    files.forEach((file) => lying.items.add(file));
    input.files = lying.files;
    const ways = input.closest(".file-ways");
    if (ways && input.hasAttribute("capture")) say(ways, "已拍照，随表单一起提交。");
  }

  // Papers of a form that is being typed: sent one by one as they are taken, so that nothing waits for the end.
  async function send(input) {
    const held = document.getElementById("held");
    const form = input.form;
    const files = [...input.files];
    let number = 0;
    for (const file of files) {
      number += 1;
      say(held, `正在上传第${number}个，共${files.length}个……`);
      const body = new FormData();
      body.append("csrfmiddlewaretoken", form.elements.csrfmiddlewaretoken.value);
      body.append("key", form.elements.key.value);
      body.append("step", "paper");
      body.append(input.name, await shrunk(file));
      let answer;
      try {
        answer = await fetch(form.action, { method: "POST", body, credentials: "same-origin" });
      } catch (error) {
        answer = null;
      }
      if (!answer || !answer.ok) {
        say(held, "网络不通，照片还没有上传。它还在这里，点“保存草稿”或“暂存”时会再传。");
        return;
      }
      held.innerHTML = await answer.text();
    }
    input.value = "";
  }

  function say(place, sentence) {
    let note = place.querySelector("[data-sending]");
    if (!note) {
      note = document.createElement("p");
      note.className = "help mb-0";
      note.dataset.sending = "1";
      place.prepend(note);
    }
    note.textContent = sentence;
  }

  let busy = Promise.resolve();
  let waiting = 0;
  document.addEventListener("change", (event) => {
    const input = event.target;
    if (input.type !== "file" || !input.files.length) return;
    const work = "send" in input.dataset ? send : "shrink" in input.dataset ? replace : null;
    if (!work) return;
    waiting += 1;
    busy = busy.then(() => work(input)).finally(() => { waiting -= 1; });
  });
  // Whoever saves while a photo is on its way waits for it, and does not send it twice.
  document.addEventListener("submit", (event) => {
    if (!waiting) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const form = event.target;
    const button = event.submitter;
    busy.then(() => form.requestSubmit(button || undefined));
  }, true);
})();
