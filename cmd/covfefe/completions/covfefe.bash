# SPDX-License-Identifier: Apache-2.0
# Completion for bash, with Debian's bash-completion: the tool itself knows what fits. It is the one in PATH, whatever
# path was typed: what is only typed is not yet meant to run.
_covfefe()
{
    local cur words cword offers offer
    _get_comp_words_by_ref -n =: cur words cword
    mapfile -t offers < <(command covfefe complete -- "${words[@]:1:cword}" 2>/dev/null)
    case ${offers[0]-} in
        :files*) _filedir; return ;;
        :directories*) _filedir -d; return ;;
    esac
    COMPREPLY=()
    for offer in "${offers[@]}"; do
        COMPREPLY+=("${offer%%$'\t'*}")
    done
    # Where "=" and ":" divide words for readline, it replaces the last part only.
    if [[ $cur == *=* && $COMP_WORDBREAKS == *=* ]]; then
        COMPREPLY=("${COMPREPLY[@]#"${cur%%=*}="}")
    fi
}
complete -F _covfefe covfefe
