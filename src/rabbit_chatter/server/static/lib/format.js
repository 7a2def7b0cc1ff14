// Numbers and times as people read them.

const CLOCK = new Intl.DateTimeFormat([], { hourCycle: "h23", hour: "2-digit", minute: "2-digit", second: "2-digit" });
const COUNT = new Intl.NumberFormat([], { maximumFractionDigits: 0 });

/** 14:03:59, of an ISO moment or milliseconds since 1970. */
export function clock(moment) {
  return moment ? CLOCK.format(new Date(moment)) : "";
}

export function count(number) {
  return COUNT.format(number);
}

/** A rate with as many digits as one can read. */
export function rate(number) {
  return number >= 10 ? COUNT.format(number) : number.toFixed(number ? 1 : 0);
}

/** 850 µs, 12 ms, 1.7 s, of microseconds. */
export function span(us) {
  if (us < 1000) return `${Math.round(us)} µs`;
  if (us < 1e6) return `${(us / 1e3).toFixed(us < 1e4 ? 1 : 0)} ms`;
  return us < 6e7 ? `${(us / 1e6).toFixed(us < 1e7 ? 2 : 1)} s` : duration(us / 1e6);
}

/** 42 s, 3 min 05 s, 2 h 10 min, of seconds. */
export function duration(seconds) {
  const whole = Math.max(Math.floor(seconds), 0);
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60), whole % 60];
  const pad = (number) => String(number).padStart(2, "0");
  if (hours) return `${hours} h ${pad(minutes)} min`;
  return minutes ? `${minutes} min ${pad(rest)} s` : `${rest} s`;
}

/** How long ago an ISO moment was. */
export function ago(moment) {
  return moment ? `${duration((Date.now() - Date.parse(moment)) / 1000)} ago` : "";
}
