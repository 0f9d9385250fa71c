// Imports nothing and is written for any Node that reads modules, so that an old one can still say what it lacks.
var MINIMUM = [20, 19];

/** What to say about this Node, or an empty text when it is new enough. */
export function nodeTooOld() {
  var version = process.versions.node.split('.').map(Number);
  var old = version[0] < MINIMUM[0] || (version[0] === MINIMUM[0] && version[1] < MINIMUM[1]);
  return old ? `Roomcast needs Node ${MINIMUM.join('.')} or newer; this is Node ${process.versions.node}.` : '';
}
