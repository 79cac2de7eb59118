"use strict";
// The key stays in this page's memory, and goes to no other server.
const form = document.getElementById("key");
const message = document.getElementById("message");

function show(key) {
  const authorized = (request) => {
    if (key && new URL(request.url, location.href).origin === location.origin) {
      request.headers.Authorization = `Bearer ${key}`;
    }
    return request;
  };
  message.textContent = "";
  SwaggerUIBundle({
    url: "openapi.json",
    dom_id: "#document",
    requestInterceptor: authorized,
    responseInterceptor: (response) => {
      if (response.status === 401) message.textContent = "This needs a key.";
      return response;
    },
    validatorUrl: null,
    persistAuthorization: false,
  });
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  show(form.querySelector("input").value.trim());
});
show("");
