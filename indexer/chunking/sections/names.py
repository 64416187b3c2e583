"""Which files are cut into sections, by file name and extension: a table that the chunker asks first."""

from __future__ import annotations

import re

_EXTENSIONS = {
    "asciidoc": "adoc asciidoc asc",
    "css": "css pcss",
    "dockerfile": "dockerfile containerfile",
    "html": "html htm xhtml vue svelte astro hbs handlebars mustache ejs erb jsp jspf njk jinja jinja2 j2 twig liquid "
    "cshtml razor",
    "ini": "ini cfg conf cnf editorconfig desktop service timer socket gitconfig flake8 pylintrc coveragerc",
    "json": "json jsonc json5 jsonl ndjson geojson webmanifest ipynb avsc avpr code-workspace babelrc eslintrc "
    "prettierrc",
    "less": "less",
    "make": "mk mak make",
    "markdown": "md markdown mdown mkd mdx qmd rmd",
    "org": "org",
    "prisma": "prisma",
    "properties": "properties env npmrc",
    "rst": "rst rest",
    "scss": "scss sass",
    "text": "txt text log",
    "toml": "toml",
    "xml": "xml xsd xsl xslt svg plist csproj fsproj vbproj vcxproj proj props targets nuspec resx config wsdl pom "
    "xaml axaml storyboard xib iml tmlanguage ui qrc",
    "yaml": "yaml yml clang-format clang-tidy clangd",
}
# What metadata calls the same formats, where it calls them otherwise.
_BY_LANGUAGE = {"makefile": "make", "restructuredtext": "rst"}
_BY_EXTENSION = {extension: language for language, names in _EXTENSIONS.items() for extension in names.split()}
_BY_NAME = {
    "dockerfile": "dockerfile",
    "containerfile": "dockerfile",
    "makefile": "make",
    "gnumakefile": "make",
    "bsdmakefile": "make",
    "kbuild": "make",
    "pipfile": "toml",
    "citation.cff": "yaml",
    "codeowners": "text",
    "go.mod": "text",
    "go.work": "text",
}
_FAMILY = re.compile(
    r"(dockerfile|containerfile|makefile)[._-]|(readme|license|licence|copying|notice|authors|changelog|changes|contributing|todo|news)(?:$|\.)"
)


def section_language_of(path: str) -> str | None:
    """Name the section language of a file, None for one that is not a document or configuration. Case is ignored."""
    name = path.rsplit("/", 1)[-1].lower()
    if name in _BY_NAME:
        return _BY_NAME[name]
    extension = name.rpartition(".")[2] if "." in name else ""
    if extension in _BY_EXTENSION:
        return _BY_EXTENSION[extension]
    if name.startswith(".env."):
        return "properties"
    family = _FAMILY.match(name)
    if family is None:
        return None
    # `Makefile.am`, `Dockerfile.dev`, `README`; but `readme.py` is code.
    if family[1]:
        return "make" if family[1] == "makefile" else "dockerfile"
    return "text" if extension in ("", name) else None


def section_language_named(name: str | None) -> str | None:
    """Name the section language of a format as metadata calls it; for files whose text says what they are."""
    found = _BY_LANGUAGE.get(name or "", name)
    return found if found in _EXTENSIONS else None
