import { answerCalls } from '../../process.js';
import { Crowd, type CrowdCalls } from './crowd.js';

const crowd = new Crowd();

answerCalls<CrowdCalls>({
  open: (input) => crowd.open(input),
  publish: (input) => crowd.publish(input),
  end: () => crowd.end(),
  away: () => crowd.away(),
  figures: (input) => crowd.figures(input),
});
