"""Where records come from: lists, files, cursors, frames; each in one order, each from any record on."""
