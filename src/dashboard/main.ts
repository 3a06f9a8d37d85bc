import { followTheme } from './theme.js';
import './app.js';

followTheme();
