// Gives every command a button that copies it. The page is complete without it.
const status = document.createElement('p')
status.className = 'unseen'
status.setAttribute('role', 'status')
document.body.append(status)

// A page that is read from a file may not use the clipboard in some browsers; there a selection can be copied.
const copied = async (command) => {
  try {
    await navigator.clipboard.writeText(command.textContent)
    return true
  } catch {
    getSelection().selectAllChildren(command)
    return document.execCommand('copy')
  }
}

for (const block of document.querySelectorAll('pre.command')) {
  const command = block.querySelector('code')
  const button = document.createElement('button')
  button.type = 'button'
  button.className = 'copy'
  button.textContent = 'Copy'
  button.setAttribute('aria-label', `Copy the command: ${command.textContent}`)
  const tell = (done) => {
    button.textContent = done ? 'Copied' : 'Selected'
    status.textContent = done ? 'The command is copied' : 'The command is selected: copy it by the keyboard'
    setTimeout(() => {
      button.textContent = 'Copy'
      status.textContent = ''
    }, 3000)
  }
  button.addEventListener('click', () => {
    void copied(command).then(tell)
  })
  block.append(button)
}
