// Takes the code of a link out of the address, so that it stays in no history, and asks for nothing but the password.
const code = location.hash.slice(1);
if (code.startsWith("msp_") && document.getElementById("token")) {
  history.replaceState(null, "", location.pathname);
  document.getElementById("token").value = code;
  document.getElementById("code").hidden = true;
  document.getElementById("ask").hidden = true;
  document.getElementById("new_password").focus();
}
