# SPDX-License-Identifier: Apache-2.0
# Completion for fish: the tool itself knows what fits. It is the one in PATH, whatever path was typed.
function __covfefe_offers
    set -l words (commandline -opc)
    set -l last (commandline -ct)
    set -l offers (command covfefe complete -- $words[2..-1] "$last" 2>/dev/null)
    switch "$offers[1]"
        case ':files*'
            __fish_complete_path "$last"
        case ':directories*'
            __fish_complete_directories "$last"
        case '*'
            string join -- \n $offers
    end
end
complete -c covfefe -f -a '(__covfefe_offers)'
