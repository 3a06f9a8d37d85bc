import { z } from 'zod';

export const NAME = z.string().min(1);
