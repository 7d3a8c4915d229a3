/** Reads files in the API format, with the words that this needs. Fetched for them. */

import "../words/whole";

export { openData } from "../opening";
