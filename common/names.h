/*
 * Names of files for what lies behind URLs: none leads out of its folder, none is given twice. And
 * the folder.
 *
 * Left out: what is in the folder already, other processes, host and query of the URL.
 */
#pragma once

enum { NAMES_BYTES = 255 }; /* any ending of up to 15 bytes makes it a name still: NAME_MAX */

/*
 * Chooses a name for the path of a URL, percent-encoded, that begins with a slash: its last part,
 * decoded, "a b" for "/x/a%20b". Where decoding would make a slash, a control character, "." or
 * ".." of it, it stays encoded; where nothing is left it is "index.html"; a long one is cut. The
 * second of a name gets ".2", the third ".3". No name is that of another with ".part" or ".note"
 * behind it, so those are free for what belongs to a file.
 * given  the set of names given away, NULL at first; free it with counted_free()
 * Returns the name, which lives as long as the set; NULL with errno ENOMEM.
 */
const char *name_for(void **given, const char *path);

/*
 * Opens a folder, for openat(2) and its like, and makes it first where it is missing, with those
 * that it is in. `path` is changed meanwhile. Returns a descriptor, or -1 with errno.
 */
int folder_open(char *path);
