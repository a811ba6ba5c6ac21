// Monaco and two of GraphiQL's libraries write style sheets at run time, and have no
// common way to be told the page's nonce. Marking every <style> that scripts create
// lets the policy refuse all others, where 'unsafe-inline' would allow them.
const { nonce } = document.querySelector('meta[property=csp-nonce]');
const createElement = document.createElement;

document.createElement = function (name, ...rest) {
  const element = createElement.call(this, name, ...rest);
  if (element.localName === 'style') element.nonce = nonce;
  return element;
};
