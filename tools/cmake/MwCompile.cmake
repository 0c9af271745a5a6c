# SPDX-License-Identifier: MIT
# Compiler flags of the project's own code.
#
#   mw_compile_options(<target>)   warnings, as errors, and MW_SANITIZE
#
# MW_SANITIZE is a list for -fsanitize=, such as "address,undefined".

set(MW_SANITIZE "" CACHE STRING "Sanitizers for -fsanitize=")
option(MW_WERROR "Treat warnings as errors" ON)

set(MW_WARNINGS -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion
    -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition
    -Wvla -Wundef -Wpointer-arith -Wwrite-strings -Wformat=2
    -Wimplicit-fallthrough)

if(MW_SANITIZE)
    add_compile_options(-fsanitize=${MW_SANITIZE} -fno-omit-frame-pointer
        -fno-sanitize-recover=all)
    add_link_options(-fsanitize=${MW_SANITIZE})
endif()

function(mw_compile_options target)
    target_compile_options(${target} PRIVATE ${MW_WARNINGS}
        $<$<BOOL:${MW_WERROR}>:-Werror>)
    target_compile_definitions(${target} PRIVATE _GNU_SOURCE)
endfunction()
