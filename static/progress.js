// The code on a household's slip comes behind the # of the address: put it into the form and take it out of sight.
(function () {
  "use strict";

  const code = decodeURIComponent(location.hash.slice(1));
  const field = document.getElementById("id_code");
  if (!field || field.value || !/^[0-9A-Za-z-]{12,20}$/.test(code)) return;
  field.value = code;
  history.replaceState(null, "", location.pathname);
  document.getElementById("id_name").focus();
})();
