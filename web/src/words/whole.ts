/** All English words. The editor begins with them; the page of a form fetches them with the parts that need them. */

import { learn } from ".";
import { ENGLISH } from "./en";

learn(ENGLISH);
