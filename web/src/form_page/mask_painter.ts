/** The mask editor, with the words that it needs. Fetched when a mask is painted. */

import "../words/whole";

export { MaskEditor } from "../panels/mask_editor/mask_editor";
