"""Metadata names of formats without a definition table: documents, configuration and languages read as plain lines."""

from __future__ import annotations

NAMES_BY_EXTENSION: dict[str, str] = {
    extension: name
    for name, extensions in {
        "markdown": ".md .markdown .mdown .mdx .qmd",
        "restructuredtext": ".rst .rest",
        "asciidoc": ".adoc .asciidoc",
        "text": ".txt .text",
        "org": ".org",
        "latex": ".tex .sty",
        "html": ".html .htm .xhtml",
        "xml": ".xml .xsd .xsl .xslt .svg .plist .csproj .vbproj .fsproj .props .targets .resx .xaml .nuspec .wsdl",
        "yaml": ".yml .yaml",
        "toml": ".toml",
        "json": ".json .jsonc .json5 .geojson .webmanifest .code-workspace",
        "jsonl": ".jsonl .ndjson",
        "ini": ".ini .cfg .conf .editorconfig .properties",
        "dockerfile": ".dockerfile",
        "makefile": ".mk .mak .make",
        "css": ".css",
        "scss": ".scss",
        "sass": ".sass",
        "less": ".less",
        "vue": ".vue",
        "svelte": ".svelte",
        "astro": ".astro",
        "erb": ".erb",
        "ejs": ".ejs",
        "jsp": ".jsp .jspf",
        "razor": ".razor .cshtml",
        "nunjucks": ".njk",
        "haml": ".haml",
        "slim": ".slim",
        "heex": ".heex .eex .leex",
        "jinja": ".j2 .jinja .jinja2",
        "handlebars": ".hbs .handlebars .mustache",
        "twig": ".twig",
        "blade": ".blade",
        "pug": ".pug .jade",
        "csv": ".csv",
        "tsv": ".tsv",
        "powershell": ".psd1",
        "batch": ".bat .cmd",
        "fish": ".fish",
        "fsharp": ".fsi",
        "assembly": ".asm .s",
        "purescript": ".purs",
        "fennel": ".fnl",
        "racket": ".rkt",
        "scheme": ".scm .ss",
        "emacs-lisp": ".el",
        "vimscript": ".vim",
        "tcl": ".tcl",
        "awk": ".awk",
        "matlab": ".mat .mlx",
        "wgsl": ".wgsl",
        "move": ".move",
        "cairo": ".cairo",
        "capnproto": ".capnp",
        "avro": ".avsc .avpr",
        "prisma": ".prisma",
        "bicep": ".bicep",
        "rego": ".rego",
        "cue": ".cue",
        "jsonnet": ".jsonnet .libsonnet",
        "dhall": ".dhall",
        "diff": ".diff .patch",
        "notebook": ".ipynb",
        "wat": ".wat .wast",
        "coffeescript": ".coffee",
        "reason": ".re .rei",
        "rescript": ".res .resi",
        "coq": ".coq",
        "supercollider": ".scd",
        "standard-ml": ".sml .sig .fun",
        "bitbake": ".bbappend .bbclass",
        "raku": ".raku .rakumod .p6 .pm6",
        "mathematica": ".wl .wls",
        "dtrace": ".dtrace",
        "lean": ".lean",
        "agda": ".agda",
        "idris": ".idr",
        "gettext": ".po .pot",
    }.items()
    for extension in extensions.split()
}

NAMES_BY_FILENAME: dict[str, str] = {
    filename: name
    for name, filenames in {
        "dockerfile": "dockerfile containerfile",
        "makefile": "makefile gnumakefile bsdmakefile",
        "ignore": ".gitignore .dockerignore .npmignore .eslintignore .prettierignore .hgignore",
        "gitattributes": ".gitattributes",
        "gitconfig": ".gitmodules .gitconfig",
        "editorconfig": ".editorconfig",
        "ini": ".pylintrc .coveragerc .flake8 setup.cfg",
        "json": ".babelrc .eslintrc .prettierrc .swcrc composer.lock pipfile.lock",
        "toml": "pipfile cargo.lock poetry.lock",
        "yaml": ".clang-format .clang-tidy .clangd",
        "jenkinsfile": "jenkinsfile",
        "procfile": "procfile",
        "codeowners": "codeowners",
        "go-module": "go.mod go.sum go.work",
        "text": "license licence copying notice authors contributors readme changelog changes news todo",
        "meson": "meson.build meson_options.txt",
        "just": "justfile",
    }.items()
    for filename in filenames.split()
}

# What a `#!` line asks for, for languages without a table.
NAMES_BY_PROGRAM: dict[str, str] = {
    program: name
    for name, programs in {
        "applescript": "osascript",
        "awk": "awk gawk mawk nawk",
        "dtrace": "dtrace",
        "fish": "fish",
        "gnuplot": "gnuplot",
        "makefile": "make gmake",
        "racket": "racket",
        "raku": "raku perl6",
        "scheme": "guile scheme csi chicken chibi-scheme gosh",
        "sed": "sed gsed",
        "tcl": "tclsh wish expect jimsh",
    }.items()
    for program in programs.split()
}

NAMES_WITHOUT_TABLE = frozenset({*NAMES_BY_EXTENSION.values(), *NAMES_BY_FILENAME.values(), *NAMES_BY_PROGRAM.values()})
