// The loader of islands.
