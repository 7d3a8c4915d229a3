/** The few pictograms, drawn in the colour of the text around them. */

import type { ComponentChildren } from "preact";

function Icon({ children }: { children: ComponentChildren }) {
  return (
    <svg class="icon" viewBox="0 0 16 16" aria-hidden="true" fill="none" stroke="currentColor" stroke-width="1.6" stroke-linecap="round" stroke-linejoin="round">
      {children}
    </svg>
  );
}

export const ChevronIcon = () => <Icon><path d="M4.5 6.5 8 10l3.5-3.5" /></Icon>;
export const CloseIcon = () => <Icon><path d="m4 4 8 8M12 4l-8 8" /></Icon>;
export const PlusIcon = () => <Icon><path d="M8 3v10M3 8h10" /></Icon>;
export const UndoIcon = () => <Icon><path d="M3 6.5h6.5a3.5 3.5 0 0 1 0 7H6M5.5 4 3 6.5 5.5 9" /></Icon>;
export const RedoIcon = () => <Icon><path d="M13 6.5H6.5a3.5 3.5 0 0 0 0 7H10M10.5 4 13 6.5 10.5 9" /></Icon>;
export const UploadIcon = () => <Icon><path d="M8 10.5V3M5 5.5 8 2.8l3 2.7M3 10.5v2.3h10v-2.3" /></Icon>;
export const DownloadIcon = () => <Icon><path d="M8 2.8v7.6M5 7.8l3 2.7 3-2.7M3 10.5v2.3h10v-2.3" /></Icon>;
export const GripIcon = () => <Icon><path d="M6 4v.1M10 4v.1M6 8v.1M10 8v.1M6 12v.1M10 12v.1" /></Icon>;
export const FormIcon = () => <Icon><rect x="2.8" y="2.2" width="10.4" height="11.6" rx="2" /><path d="M5.4 5.4h5.2M5.4 8h5.2M5.4 10.8h2.4" /></Icon>;
export const BrushIcon = () => <Icon><path d="M13.2 2.8 7.4 8.6M6 9.2c1.5.2 1.9 1 1.9 1.9 0 1.6-1.4 2.3-2.8 2.3-1 0-2-.3-2.7-.9 1-.3 1.2-.9 1.3-1.6.1-1 1-1.8 2.3-1.7z" /></Icon>;
export const UpIcon = () => <Icon><path d="M8 13V3.5M4 7.2 8 3.2l4 4" /></Icon>;
export const PinIcon = () => <Icon><path d="M6 2.5h4M6.6 2.5v4L4.5 9h7L9.4 6.5v-4M8 9v4.5" /></Icon>;
export const EnterIcon = () => <Icon><rect x="2.5" y="2.5" width="11" height="11" rx="2.5" /><path d="M6.2 9.8 9.8 6.2M6.6 6.2h3.2v3.2" /></Icon>;
export const PlayIcon = () => <svg class="icon" viewBox="0 0 16 16" aria-hidden="true" fill="currentColor"><path d="M4.5 2.9c0-.7.8-1.1 1.4-.8l7 5.1c.5.4.5 1.2 0 1.6l-7 5.1c-.6.3-1.4-.1-1.4-.8z" /></svg>;
export const RepeatIcon = () => <Icon><path d="M3 8a4 4 0 0 1 4-4h5M10 1.8 12.4 4 10 6.2M13 8a4 4 0 0 1-4 4H4M6 9.8 3.6 12 6 14.2" /></Icon>;
export const StopIcon = () => <svg class="icon" viewBox="0 0 16 16" aria-hidden="true" fill="currentColor"><rect x="3.5" y="3.5" width="9" height="9" rx="2" /></svg>;
export const WarningIcon = () => <Icon><path d="M8 2.6 14 13H2zM8 6.6v3M8 11.3v.1" /></Icon>;
export const HelpIcon = () => <Icon><circle cx="8" cy="8" r="6" /><path d="M6.2 6.3a1.9 1.9 0 1 1 2.6 1.8c-.6.3-.8.6-.8 1.2M8 11.4v.1" /></Icon>;
export const GalleryIcon = () => <Icon><rect x="2.2" y="3" width="11.6" height="10" rx="2" /><path d="m3 11.5 3.2-3.2 2.3 2.2 1.8-1.7 2.9 2.7" /><circle cx="10.6" cy="6" r="0.9" /></Icon>;
export const SearchIcon = () => <Icon><circle cx="7" cy="7" r="4.2" /><path d="m10.2 10.2 3.3 3.3" /></Icon>;
export const LibraryIcon = () => <Icon><path d="M3 13.2V2.8M6 13.2V2.8M9.2 3.4l3.6 9.6M3 2.8h3M3 13.2h3" /></Icon>;
export const FolderIcon = () => <Icon><path d="M2.3 4.2c0-.6.4-1 1-1h2.9l1.5 1.6h5c.6 0 1 .4 1 1v6c0 .6-.4 1-1 1H3.3c-.6 0-1-.4-1-1z" /></Icon>;
export const FolderPlusIcon = () => <Icon><path d="M2.3 4.2c0-.6.4-1 1-1h2.9l1.5 1.6h5c.6 0 1 .4 1 1v6c0 .6-.4 1-1 1H3.3c-.6 0-1-.4-1-1zM8 6.9v3.8M6.1 8.8h3.8" /></Icon>;
export const BoxIcon = () => <Icon><rect x="2.5" y="2.5" width="11" height="11" rx="1.5" stroke-dasharray="2.4 2.2" /><path d="M6 8.2 7.5 9.7 10.3 6.6" /></Icon>;
export const MoreIcon = () => <Icon><path d="M3.4 8h.1M8 8h.1M12.5 8h.1" /></Icon>;
export const ClockIcon = () => <Icon><circle cx="8" cy="8" r="6" /><path d="M8 4.6V8l2.4 1.6" /></Icon>;
export const TrashIcon = () => <Icon><path d="M3 4.5h10M6.5 4.5V3h3v1.5M4.5 4.5l.6 8.5h5.8l.6-8.5M6.8 7v3.8M9.2 7v3.8" /></Icon>;
export const DraftIcon = () => <Icon><path d="M3.5 2.5h5.5l3.5 3.5v7.5h-9zM9 2.5V6h3.5M6 9h4M6 11.2h2.5" /></Icon>;
export const ExtensionIcon = () => <Icon><path d="M6.2 3.4a1.6 1.6 0 1 1 3.2 0V4.5h3.1v3.1h-1a1.6 1.6 0 1 0 0 3.2h1v2.7H9.4v-1a1.6 1.6 0 1 0-3.2 0v1H3v-9h3.2z" /></Icon>;
export const TemplateIcon = () => <Icon><rect x="2.5" y="2.5" width="11" height="11" rx="2" /><path d="M2.5 6.6h11M6.6 6.6v6.9" /></Icon>;
export const MenuIcon = () => <Icon><path d="M3 4.5h10M3 8h10M3 11.5h10" /></Icon>;
export const FitIcon = () => <Icon><path d="M2.5 6V2.5H6M10 2.5h3.5V6M13.5 10v3.5H10M6 13.5H2.5V10" /></Icon>;
export const DiceIcon = () => (
  <svg class="icon" viewBox="0 0 16 16" aria-hidden="true" fill="none" stroke="currentColor" stroke-width="1.5">
    <rect x="2.5" y="2.5" width="11" height="11" rx="2.6" />
    <g fill="currentColor" stroke="none"><circle cx="5.6" cy="5.6" r="1.1" /><circle cx="10.4" cy="10.4" r="1.1" /><circle cx="8" cy="8" r="1.1" /></g>
  </svg>
);
