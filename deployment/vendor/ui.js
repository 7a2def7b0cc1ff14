// Preact with its hooks, and htm, which makes elements from template strings: no build step for our own modules.
import htm from "htm";
import { h } from "preact";

export { Component, render } from "preact";
export { useEffect, useMemo, useRef, useState } from "preact/hooks";
export const html = htm.bind(h);
