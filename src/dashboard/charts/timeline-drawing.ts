import type { Timeline } from '../documents.js';
import { clock } from '../words/times.js';
import type { Bar } from './lanes.js';
import { timeTicks } from './ticks.js';

/** Where the first lane begins, in pixels; the names of times stand above. */
export const TOP = 24;
const BOTTOM = 6;
const TALLEST = 220;

/** Times and pixels of the drawing. */
export interface Frame {
  readonly from: number;
  readonly to: number;
  readonly width: number;
  readonly lanes: number;
}

/** Of one lane, in pixels: less the more there are. */
export function laneHeight(lanes: number): number {
  return Math.max(3, Math.min(16, Math.floor(TALLEST / lanes)));
}

/** Draws over what the canvas holds; colours come from the page's tokens. */
export function drawTimeline(
  canvas: HTMLCanvasElement,
  frame: Frame,
  bars: readonly Bar[],
  timeline: Timeline,
  chosen: Bar | null,
): void {
  const context = canvas.getContext('2d');
  if (context === null) return;
  const style = getComputedStyle(canvas);
  const color = (name: string): string => style.getPropertyValue(`--${name}`);
  const height = TOP + frame.lanes * laneHeight(frame.lanes) + BOTTOM;
  const dots = window.devicePixelRatio;
  canvas.width = frame.width * dots;
  canvas.height = height * dots;
  canvas.style.width = `${frame.width}px`;
  canvas.style.height = `${height}px`;
  context.scale(dots, dots);
  const x = (time: number): number => ((time - frame.from) / (frame.to - frame.from)) * frame.width;

  drawWindow(context, timeline, x, { height, color });
  drawTicks(context, frame, x, { height, color, font: `11px ${style.fontFamily}` });
  for (const bar of bars)
    drawBar(context, bar, x, { lane: laneHeight(frame.lanes), color, chosen: bar === chosen });
  drawLine(context, x(timeline.now), height, color('now'), []);
  if (timeline.endsAt !== null) drawLine(context, x(timeline.endsAt), height, color('soft'), [3, 3]);
}

type Color = (name: string) => string;
type Place = (time: number) => number;

function drawWindow(
  context: CanvasRenderingContext2D,
  { window }: Timeline,
  x: Place,
  { height, color }: { height: number; color: Color },
): void {
  if (window === null) return;
  const left = Math.max(0, x(window.opensAt));
  context.fillStyle = color('window');
  context.fillRect(left, TOP - 4, x(window.closesAt) - left, height - TOP + 4);
  drawLine(context, x(window.closesAt), height, color('open'), []);
}

function drawTicks(
  context: CanvasRenderingContext2D,
  frame: Frame,
  x: Place,
  { height, color, font }: { height: number; color: Color; font: string },
): void {
  context.font = font;
  context.textAlign = 'center';
  context.textBaseline = 'top';
  for (const tick of timeTicks(frame.from, frame.to, Math.max(2, frame.width / 70))) {
    const at = Math.round(x(tick));
    context.fillStyle = color('line');
    context.fillRect(at, TOP - 4, 1, height - TOP + 4);
    if (at < 18 || at > frame.width - 18) continue;
    context.fillStyle = color('soft');
    context.fillText(clock(tick), at, 3);
  }
}

function drawBar(
  context: CanvasRenderingContext2D,
  { from, to, lane: number, tone, expected }: Bar,
  x: Place,
  { lane, color, chosen }: { lane: number; color: Color; chosen: boolean },
): void {
  const left = x(from);
  const width = Math.max(1.5, x(to) - left - (x(to) - left > 4 ? 1 : 0));
  const top = TOP + number * lane;
  const tall = Math.max(2, lane - (lane > 6 ? 3 : 1));
  context.fillStyle = color(expected ? 'bar-expected' : `bar-${tone}`);
  context.beginPath();
  context.roundRect(left, top, width, tall, Math.min(3, tall / 3, width / 2));
  context.fill();
  if (!chosen) return;
  context.strokeStyle = color('ink');
  context.lineWidth = 2;
  context.stroke();
}

function drawLine(
  context: CanvasRenderingContext2D,
  at: number,
  height: number,
  style: string,
  dashes: number[],
): void {
  context.strokeStyle = style;
  context.lineWidth = 1.5;
  context.setLineDash(dashes);
  context.beginPath();
  context.moveTo(at, TOP - 6);
  context.lineTo(at, height);
  context.stroke();
  context.setLineDash([]);
}
