#!/bin/sh
# Every C file is as clang-format (of the version .clang-format was written for) leaves it.
# Exit code 77 means skipped: no such clang-format here.
cd "${1:-.}" || exit 2
wanted=14
tool=$(command -v clang-format-$wanted || command -v clang-format) || {
    echo "skipped: clang-format is not installed"
    exit 77
}
case $("$tool" --version) in
    *"version $wanted."*) ;;
    *)
        echo "skipped: the check wants clang-format $wanted, this is $("$tool" --version)"
        exit 77
        ;;
esac
find runtime stages tests -name '*.[ch]' -print0 | xargs -0 "$tool" --dry-run --Werror
