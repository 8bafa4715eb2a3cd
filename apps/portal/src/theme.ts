import { createTheme, type MantineColorsTuple } from '@mantine/core';

const ocean: MantineColorsTuple = [
  '#e9f7f8',
  '#d5ecee',
  '#a9d8dd',
  '#79c3ca',
  '#52b1ba',
  '#39a5af',
  '#1f97a1',
  '#0c7680',
  '#09676f',
  '#055c63',
];

/** A blue-grey dark scheme: calmer than pure grey, and the charts stand out from it. */
const dark: MantineColorsTuple = [
  '#dfe5ea',
  '#b9c3cc',
  '#97a3af',
  '#7b8896',
  '#3b4754',
  '#2c3641',
  '#212a33',
  '#1a2129',
  '#12181e',
  '#0c1115',
];

export const theme = createTheme({
  primaryColor: 'ocean',
  primaryShade: { light: 7, dark: 7 },
  colors: { ocean, dark },
  defaultRadius: 'md',
  fontFamily: "Inter, 'Segoe UI', system-ui, -apple-system, Roboto, 'Helvetica Neue', Arial, sans-serif",
  fontFamilyMonospace:
    "ui-monospace, 'SF Mono', 'Cascadia Mono', Menlo, Consolas, 'DejaVu Sans Mono', monospace",
  headings: {
    fontWeight: '650',
    sizes: { h1: { fontSize: '1.5rem' }, h2: { fontSize: '1.1rem' }, h3: { fontSize: '0.95rem' } },
  },
  cursorType: 'pointer',
  components: {
    Tooltip: {
      defaultProps: {
        openDelay: 300,
        multiline: true,
        maw: 320,
        events: { hover: true, focus: true, touch: true },
      },
    },
    Modal: { defaultProps: { centered: true, closeButtonProps: { 'aria-label': 'Close' } } },
    Card: { defaultProps: { withBorder: true, padding: 'md' } },
  },
});
